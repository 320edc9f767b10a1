// How the clients of a worker share its turns.
//
// A command may look at all the topics of a zone. It does so in small steps, as
// everybody else's does: whoever has such work waits in one queue, and each
// gets a step, one after the other, until what a turn of the event loop may
// cost is used up. So a turn has a bound however many clients ask, and nobody
// waits for more than one step of each of the others before his next one.
//
// Costs are counted in topics looked at; what else is done counts as so many.
//
// Thread safety: none; one for each zone in each worker.
#pragma once

#include <cstddef>
#include <deque>

#include "base/limits.hpp"

namespace ws_pubsub {

// What an answer costs: each hold of the zone's lock, and one for so many bytes
// that are written.
inline constexpr size_t kReadCost = 4;
inline constexpr size_t kBytesPerTopic = 64;

class Work {
public:
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;

    // Does one step, and takes off `left` what it cost, at least one. True: it
    // was the last.
    virtual bool step(size_t& left) = 0;
};

class SharedTurns {
public:
    // Does as much as this turn has room for, unless others wait. False: run()
    // does the rest, and the work must stay until it is done or cancelled.
    bool begin(Work& work);
    // No effect when it does not wait.
    void cancel(const Work& work);
    // A new turn. True: there is more to do.
    bool run();

private:
    std::deque<Work*> waiting_; // whose turn is next comes first
    size_t left_ = kTopicsPerTurn;
};

} // namespace ws_pubsub
