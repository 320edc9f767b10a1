// Whether the peer of a session is alive: one that was silent is pinged, and
// has to answer in time.
//
// A ping waits behind what was queued before it, here and in the kernel, and
// its pong comes when the peer has read all that. So as long as the ping waits,
// taking bytes is as good as answering; the time for the pong runs from when
// it does not wait any more, give or take one timeout.
#pragma once

#include <cstdint>

namespace ws_pubsub {

// The bytes sent to a peer since the connection began: all of them, also those
// in the outbox; and those of which its kernel said that it has them.
struct StreamEnds {
    int64_t queued = 0;
    int64_t taken = 0;
};

class Keepalive {
public:
    // `interval_ms` is how long a peer may be silent; 0: for ever.
    Keepalive(int64_t interval_ms, int64_t timeout_ms, uint64_t now_ms)
        : interval_ms_(interval_ms), timeout_ms_(timeout_ms), heard_ms_(now_ms)
    {}

    // When to call due() first; 0: never.
    [[nodiscard]] int64_t interval_ms() const { return interval_ms_; }

    void heard(uint64_t now_ms)
    {
        heard_ms_ = now_ms;
        pinged_ = false;
    }

    enum class Action : uint8_t { wait, ping, give_up };
    struct Due {
        Action action = Action::wait;
        int64_t again_ms = 0; // from now on; with give_up 0
    };
    // What to do when the time has come.
    Due due(uint64_t now_ms, const StreamEnds& ends);

private:
    int64_t interval_ms_;
    int64_t timeout_ms_;
    uint64_t heard_ms_;
    // As it was when the peer was last found alive. The ping comes last.
    StreamEnds pinged_at_;
    bool pinged_ = false; // and nothing heard since
};

} // namespace ws_pubsub
