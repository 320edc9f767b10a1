#include "topics/eviction.hpp"

#include "topics/topic_log.hpp"

namespace ws_pubsub {

bool Eviction::evict_some()
{
    if (items_ >= kMaxItems && bytes_ >= wanted_bytes_ * kMaxShare) {
        return false;
    }
    if (parts_.header.untidy != nullptr) {
        size_t steps = kAtATime;
        parts_.tidying.tidy_first(tx_, steps);
        items_ += kAtATime - steps;
        bytes_ += (kAtATime - steps) * sizeof(Item);
        return true;
    }
    TopicLog log(parts_.header, tx_);
    for (size_t i = 0; i < kAtATime; i++) {
        if (!log.evict_oldest(bytes_)) {
            const size_t freed =
                parts_.header.replica.on
                    ? 0
                    : parts_.keys.drop_oldest(tx_, KeyShare::client);
            if (freed == 0) {
                return i > 0;
            }
            bytes_ += freed;
        }
        items_++;
    }
    return true;
}

} // namespace ws_pubsub
