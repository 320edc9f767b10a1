// Whether the peer of a session is alive: one that was silent is pinged, and
// has to answer in time.
//
// Nobody is silent who was not listened to: while what a peer has sent waits to
// be read, it is alive, unless it takes nothing of what waits for it.
//
// A ping waits behind what was queued before it, here and in the kernel, and
// its pong comes when the peer has read all that. So as long as the ping waits,
// taking bytes is as good as answering; the time for the pong runs from when
// it does not wait any more, give or take one timeout.
#pragma once

#include <cstdint>

#include "base/limits.hpp"

namespace ws_pubsub {

// The bytes sent to a peer since the connection began: all of them, also those
// in the outbox; and those of which its kernel said that it has them.
struct StreamEnds {
    int64_t queued = 0;
    int64_t taken = 0;
};

struct KeepaliveTimes {
    int64_t interval_ms = kDefaultPingIntervalMs; // of silence; 0: for ever
    int64_t timeout_ms = kDefaultPingTimeoutMs;   // of the pong
};

class Keepalive {
public:
    // due() is to be called first after an interval; without one, never.
    explicit Keepalive(uint64_t now_ms) : since_ms_(now_ms) {}

    void heard(uint64_t now_ms)
    {
        since_ms_ = now_ms;
        pinged_ = false;
    }

    enum class Action : uint8_t { wait, ping, give_up };
    struct Due {
        Action action = Action::wait;
        int64_t again_ms = 0; // from now on; with give_up 0
    };
    // What to do now; `input_waits`: what the peer has sent waits to be read.
    Due due(const KeepaliveTimes& times, uint64_t now_ms,
            const StreamEnds& ends, bool input_waits);

private:
    [[nodiscard]] bool takes_all_it_can(const StreamEnds& ends) const;

    uint64_t since_ms_; // it was last found alive, or pinged
    // As it was then. The ping comes last.
    StreamEnds alive_at_;
    bool pinged_ = false; // and nothing heard since
};

} // namespace ws_pubsub
