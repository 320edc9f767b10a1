// When to look at which topic: a hashed timing wheel.
//
//   slots  [tick+1] [tick+2] … [tick+1024]     one for each second to come
//             │
//             └── TopicClock ── next ──▶ TopicClock …
//
// A topic that time will change is in the slot of the second in which that
// happens. What is further away than the wheel reaches is put somewhere into
// its later half and comes too early, several times if need be; spread by the
// topic's hash, so that what was published in one second is not looked at in
// one. So a second costs what is due in it, however many topics there are.
//
// It is lazy: while a topic's time moves away with each publish, the topic
// stays in its slot, and whoever finds it there schedules it anew.
//
// Its time is the clock's ticks, of which each worker has an idea of its own,
// as old as the turn of its event loop. Seconds that nobody turned the wheel
// are made up for.
#pragma once

#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class TimingWheel {
public:
    TimingWheel(TopicsHeader& header, Transaction& tx)
        : header_(header), tx_(tx)
    {}

    // The second that a time is in.
    static int64_t tick_of(int64_t ms) { return ms / kTickMs; }

    // All REQUIRE the lock.
    // The clock will have its turn in the second after `due_ms`, or earlier:
    // a turn that comes sooner stays.
    void schedule(TopicClock& clock, int64_t due_ms);
    // It will have none.
    void cancel(TopicClock& clock);
    // A clock whose turn it is; nullptr: there is none up to `ticks_ms`. The
    // same one again until it is cancelled.
    TopicClock* next_due(int64_t ticks_ms);

private:
    static constexpr int64_t kTickMs = 1000;

    TopicClock*& slot(int64_t tick);

    TopicsHeader& header_;
    Transaction& tx_;
};

} // namespace ws_pubsub
