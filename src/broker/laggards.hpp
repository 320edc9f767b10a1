// Sessions that a burst put behind, and how long a worker's deliveries wait
// for them.
//
// More may come in one turn of the event loop than a session's queue holds,
// and its reader may have nothing wrong with it but that it was not given the
// processor meanwhile. So what overflows the queue of a session whose
// connection took something just now is queued still, and then the worker
// reads no more of its inbox until that session has room again.
//
// A reader that is slow, or means harm, gains little by it:
// - it overflows by one delivery, then has to have room again before it is
//   waited for once more: until then what does not fit ends it;
// - all wait together, kMostLagWaitMs at a time, and one part in kLagWaitShare
//   of all time: who comes when that is used up is not waited for;
// - a connection that has taken nothing for kFreshMs is not that of a reader.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace ws_pubsub {

class Session;

class Laggards {
public:
    explicit Laggards(const Clock& clock)
        : clock_(clock), credit_since_ms_(clock.ticks_ms())
    {}

    // The session's queue overflows with what is being delivered. Whether it
    // may, and is waited for.
    bool admit(Session& session);
    // Before a delivery. Whether it has to wait: until none() or due_ms().
    [[nodiscard]] bool hold();
    // The session has room again, or ends. True if nobody else is waited for,
    // but it was.
    bool remove(Session& session);
    [[nodiscard]] bool none() const { return waiting_.empty(); }
    // By the clock's ticks. REQUIRES: !none().
    [[nodiscard]] int64_t due_ms() const { return due_ms_; }

private:
    bool begin();
    void end();

    const Clock& clock_;
    std::vector<Session*> waiting_;
    int64_t began_ms_ = 0; // waiting for them,
    int64_t due_ms_ = 0;   // until then at most
    // What may be waited, had at that time.
    int64_t credit_ms_ = kMostLagWaitMs;
    int64_t credit_since_ms_;
};

} // namespace ws_pubsub
