#include "topics/removal.hpp"

#include "topics/eviction.hpp"
#include "topics/logical_bytes.hpp"
#include "topics/topic_clocks.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

// That the topic is gone, for those who read it; at the cost of what may be
// evicted. nullptr when the zone is full.
Item* Removal::new_mark(const Topic& topic)
{
    Eviction eviction(parts_, tx_, sizeof(Item));
    void* block = try_with_room([&] { return tx_.allocate(sizeof(Item)); },
                                [&] { return eviction.evict_some(); });
    if (block == nullptr) {
        return nullptr;
    }
    auto* mark = new (block) Item{};
    mark->kind = ItemKind::gone;
    mark->epoch = topic.epoch;
    mark->seq = topic.seq;
    mark->time_ms = change_.now_ms;
    mark->born_ms = change_.ticks_ms;
    return mark;
}

// Takes all of the topic's log away, and the position that its mark would have
// had: its readers find out as when the mark was evicted. That is little: what
// could be evicted was, to make room for the mark.
void Removal::drop_log(Topic& topic)
{
    TopicLog log(parts_.header, tx_);
    while (topic.head != topic.tail) {
        log.drop_head(topic);
        tx_.commit();
    }
    if (topic.head != nullptr) {
        log.drop_head(topic);
    }
    tx_.set(topic.next_pos, topic.next_pos + 1);
}

Result<ChangeAnswer> Removal::noted(const Result<ChangeAnswer>& result)
{
    if (change_.note != nullptr) {
        change_.note->note(tx_, result);
    }
    return result;
}

Result<ChangeAnswer> Removal::remove()
{
    Topic* topic = parts_.records.find(change_.topic);
    if (topic == nullptr || topic->epoch == 0) {
        return noted(ChangeAnswer{});
    }
    if (!holds(change_.condition, topic, change_.ticks_ms)) {
        return noted(kConditionFails);
    }
    const ChangeAnswer answer{position_of(*topic)};
    const bool has_readers = topic->interests != nullptr;
    const uint64_t logical_bytes =
        parts_.header.replica.on ? LogicalBytes::of(*topic) : 0;
    Item* mark = has_readers ? new_mark(*topic) : nullptr;
    if (has_readers && mark == nullptr) {
        drop_log(*topic);
    }
    parts_.records.end(tx_, *topic);
    if (mark != nullptr) {
        TopicLog(parts_.header, tx_).append(*topic, *mark);
        TopicClocks(parts_.header, tx_).schedule(*topic);
    }
    if (has_readers) {
        parts_.readers.changed(tx_, *topic);
    }
    LogicalBytes(parts_.header, tx_).shrink(logical_bytes);
    (void)noted(answer);
    parts_.tidying.commit_or_free(tx_, *topic);
    return answer;
}

} // namespace ws_pubsub
