// How much a client may ask for in a turn of the event loop, and whether it
// waits for something.
//
// Commands cost effort, of which there is so much in each turn. What one takes
// beyond that is not counted. What takes several turns is Work, for which the
// client pauses.
//
// Thread safety: none; a client's own.
#pragma once

#include <cstdint>

namespace ws_pubsub {

class Client;
class Work;

class Effort {
public:
    static constexpr int kPerTurn = 64;

    // The client outlives it.
    explicit Effort(Client& client) : client_(client) {}

    void spend(int effort) { left_ -= effort; }
    // No more in this turn.
    void end_turn() { left_ = 0; }
    void begin_turn()
    {
        left_ = kPerTurn;
        if (pause_ == Pause::resumed) {
            pause_ = Pause::none;
        }
    }

    // A command waits for something: nothing else is done before resume(), and
    // the turn that follows it.
    void pause() { pause_ = Pause::paused; }
    // That is there: it goes on in the next turn. No effect if it is not
    // paused.
    void resume();
    [[nodiscard]] bool is_paused() const { return pause_ == Pause::paused; }
    // There is more to do: a turn is to follow.
    void go_on_soon();

    // Does the work now: true; or in turns that all share (SharedTurns), for
    // which the client pauses. The work's last step is to call resume().
    bool begin(Work& work);
    // As Broker::cancel().
    void cancel(const Work& work);

    // As many commands wait as may: no more are taken until that is over.
    void set_full(bool full) { is_full_ = full; }
    [[nodiscard]] bool is_full() const { return is_full_; }

    // Whether commands that have been taken may be done in this turn.
    [[nodiscard]] bool has_some() const
    {
        return left_ > 0 && pause_ == Pause::none;
    }
    // True: no data of the peer before the next turn has begun; what is left
    // of this turn's waits for it too.
    [[nodiscard]] bool is_tired() const { return !has_some() || is_full_; }
    // It waits for something that asks for a turn itself.
    [[nodiscard]] bool is_waiting() const { return is_paused() || is_full_; }

private:
    enum class Pause : uint8_t { none, paused, resumed };

    Client& client_;
    int left_ = kPerTurn; // in this turn
    Pause pause_ = Pause::none;
    bool is_full_ = false;
};

} // namespace ws_pubsub
