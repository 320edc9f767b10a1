#include "topics/snapshot_items.hpp"

#include <new>

#include "topics/forks.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

bool SnapshotItems::add(Transaction& tx, Topic& topic, uint64_t seq,
                        const SavedItem& saved)
{
    void* block =
        times_.exact || is_sound(saved)
            ? tx.allocate(Item::bytes_of(saved.content_type, saved.payload))
            : nullptr;
    if (block == nullptr) {
        return false;
    }
    auto* item = new (block) Item{};
    item->epoch = Forks::epoch_of(topic, seq);
    item->seq = seq;
    item->pos = topic.next_pos - 1 - (topic.seq - seq);
    item->time_ms = saved.time_ms;
    item->born_ms = times_.ticks_of(topic.path(), saved.age_ms);
    item->payload_bytes = static_cast<uint32_t>(saved.payload.size());
    item->content_type_bytes = static_cast<uint8_t>(saved.content_type.size());
    item->payload_kind = saved.kind;
    item->kind = ItemKind::message;
    saved.content_type.copy(item->bytes(), saved.content_type.size());
    saved.payload.copy(item->bytes() + saved.content_type.size(),
                       saved.payload.size());
    TopicLog(parts_.header, tx).prepend(topic, *item);
    return true;
}

} // namespace ws_pubsub
