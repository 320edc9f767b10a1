// The port through which the broker asks for further turns of the event loop.
#pragma once

#include <cstdint>

namespace ws_pubsub {

// Asks the owner of a broker to call run() in the next turn of the event loop.
class Scheduler {
public:
    Scheduler() = default;
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;
    virtual ~Scheduler() = default;

    virtual void run_soon() = 0;
    // The same with read_inbox(), in this turn or the next.
    virtual void read_inbox_soon() = 0;
    // The same, but not in this turn.
    virtual void read_inbox_next() = 0;
    // The same with run_due(), at that time of the clock's ticks; in the place
    // of a time asked for before.
    virtual void run_at(int64_t ticks_ms) = 0;
};

} // namespace ws_pubsub
