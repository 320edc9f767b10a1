// Readers whose zone was replaced by what other hosts have: each worker goes on
// in each topic where it had come to, as a client does that comes back.
//
// Before a topic's log goes, its interests are marked, and wait in their
// workers' inboxes. These are not read until the zone is served again. Then the
// worker says for each how far it had come, which only it knows, and what it
// has not read of what the topic has by now is unread.
#pragma once

#include <atomic>

#include "readers/inboxes.hpp"
#include "readers/layout.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"

namespace ws_pubsub {

// What became of a topic that a worker had come to some position of.
struct Resumed {
    // What comes next goes on from there; it may have to be told of a gap.
    bool goes_on = true;
    // Else: whether the log has lost what was read; or the topic was removed.
    bool lost = false;
    // And where the topic begins that is there now: before what comes next.
    // Epoch 0: none is there.
    Position start;
};

class Resuming {
public:
    Resuming(ZoneAccess& access, ZoneHeader& header, Inboxes& inboxes)
        : access_(access), header_(header), inboxes_(inboxes)
    {}

    // Takes the lock. `told`: the newest position of the topic that its
    // sessions know; epoch 0: none, they get all of it. No effect while the
    // zone is not served.
    Resumed resume(Interest& interest, const Position& told);
    // Without it: whether that is to be called.
    [[nodiscard]] static bool is_due(Interest& interest)
    {
        const std::atomic_ref<ReadState> reading(interest.reading);
        const ReadState now = reading.load(std::memory_order_relaxed);
        return now == ReadState::displaced || now == ReadState::doubtful;
    }

    // REQUIRES the lock. Marks the topic's interests. `doubtful`: what they
    // have read may be lost.
    void displace(Transaction& tx, Topic& topic, bool doubtful);

private:
    ZoneAccess& access_;
    ZoneHeader& header_;
    Inboxes& inboxes_;
};

} // namespace ws_pubsub
