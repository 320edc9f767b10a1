// What a full zone gives up for a change: what nobody needs, then history, the
// oldest first, and then clients' idempotency keys; of a zone that follows a
// log nothing else than history.
//
// For one change. REQUIRES the lock.
#pragma once

#include <cstddef>

#include "shm/transaction.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class Eviction {
public:
    // Items in one step.
    static constexpr size_t kAtATime = 4;
    // How much one change may push out before it is refused.
    static constexpr size_t kMaxItems = 256;
    static constexpr size_t kMaxShare = 16; // times the bytes that are wanted

    // For what needs about `bytes`.
    Eviction(TopicParts& parts, Transaction& tx, size_t bytes)
        : parts_(parts), tx_(tx), wanted_bytes_(bytes)
    {}

    // Makes some room, and commits that. False when that would cost too much,
    // or there is nothing.
    bool evict_some();

private:
    TopicParts& parts_;
    Transaction& tx_;
    size_t wanted_bytes_;
    size_t items_ = 0; // that went
    size_t bytes_ = 0;
};

// Tries, and as long as that fails makes room for another try. Returns what the
// last one did.
template <class Try, class MakeRoom>
auto try_with_room(Try&& attempt, MakeRoom&& make_room)
{
    auto result = attempt();
    while (!result && make_room()) {
        result = attempt();
    }
    return result;
}

} // namespace ws_pubsub
