// How the sessions of a worker share what it checks signatures for.
//
// A signature takes as long as many other commands, and all sessions may bring
// tokens at once. So there are so many in a turn of the event loop, whoever
// brings them: who comes when these are used up, or while others wait, waits in
// one line. Each session has one place in it at most, so that nobody gets more
// of it by bringing more, good or bad.
//
// Thread safety: none; one for each worker, of all its zones.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "base/limits.hpp"

namespace ws_pubsub {

class CheckTurns {
public:
    using Call = std::function<void()>;

    // In the line; its end leaves it, and gives back what has not been used.
    class Place {
    public:
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place();

        // It is not in the line any more: may_check() says when.
        [[nodiscard]] bool has_come() const { return has_come_; }

    private:
        friend class CheckTurns;
        Place(CheckTurns& turns, Call go_on);

        CheckTurns& turns_;
        Call go_on_;
        std::list<Place*>::iterator at_; // unless it has come
        bool has_come_ = false;
    };

    // `run_soon` asks for run() in the next turn.
    explicit CheckTurns(Call run_soon) : run_soon_(std::move(run_soon)) {}
    CheckTurns(const CheckTurns&) = delete;
    CheckTurns& operator=(const CheckTurns&) = delete;
    ~CheckTurns() = default;

    // Whether a token may be checked now: by who has that place, which is to
    // end then; nullptr: who has not waited yet.
    [[nodiscard]] bool may_check(const Place* place) const;
    // At the end of the line. `go_on` is called when its turn has come; it
    // must not check at once, nor end a place.
    [[nodiscard]] std::unique_ptr<Place> wait(Call go_on);
    // So many signatures were checked for a token. They count in this turn
    // though they be more than it has left: a token may fit several keys.
    void spend(size_t signatures);
    // A new turn.
    void run();

private:
    void ask();

    Call run_soon_;
    bool asked_ = false;
    std::list<Place*> line_;
    size_t left_ = kSignaturesPerTurn;
    size_t called_ = 0; // places that have come, and are not used yet
};

} // namespace ws_pubsub
