// What a full zone does: history gives way, and values may be replaced.
#include <cstring>

#include "shm/store.hpp"
#include "shm/topic_log.hpp"

namespace ws_pubsub {

namespace {

// How much history one publish may push out before it is refused.
constexpr size_t kMaxEvictedItems = 256;
constexpr size_t kMaxEvictedShare = 16; // times the bytes that are wanted
constexpr size_t kEvictedAtATime = 4;

// Whether the message takes the place of a value that is no smaller.
bool replaces(const Publication& publication, const Topic& topic)
{
    const Item* value = topic.tail;
    return topic.retain && publication.policy.retain &&
           publication.idempotency_key.empty() && value != nullptr &&
           value->kind == ItemKind::message && value->epoch == topic.epoch &&
           publication.item_bytes() <=
               Item::bytes_of(value->content_type(), value->payload());
}

} // namespace

// Makes room for another try at something that needs about `bytes`: of history,
// and when there is none any more, of idempotency keys. False when that would
// cost too much, or there is nothing.
bool Store::evict_some(Transaction& tx, size_t bytes, Eviction& so_far)
{
    if (so_far.items >= kMaxEvictedItems &&
        so_far.bytes >= bytes * kMaxEvictedShare) {
        return false;
    }
    TopicLog log(header_, tx);
    for (size_t i = 0; i < kEvictedAtATime; i++) {
        if (!log.evict_oldest(so_far.bytes)) {
            if (header_.key_age_head == nullptr) {
                return i > 0;
            }
            so_far.bytes += sizeof(KeyRecord) + header_.key_age_head->key_bytes;
            drop_oldest_key(tx);
        }
        so_far.items++;
    }
    return true;
}

// In a full zone a value may still be replaced: what that takes from the
// reserve comes back with the old value.
std::optional<PublishAnswer>
Store::replace_value(Transaction& tx, const Publication& publication)
{
    Topic* topic = table_.find(publication.topic);
    if (topic == nullptr || !replaces(publication, *topic)) {
        return std::nullopt;
    }
    const size_t free_before = memory_.free_bytes();
    const auto answer = try_publish(tx, publication, Room::reserve);
    if (!answer) {
        return replace_by_spare(tx, publication, *topic);
    }
    TopicLog log(header_, tx);
    size_t freed = 0;
    for (size_t i = 0;
         i < kEvictedAtATime && memory_.free_bytes() < free_before &&
         log.evict_oldest(freed);
         i++) {
    }
    return answer;
}

// Where what is free is in too many pieces: into the spare block first, and
// then to where the old value was.
std::optional<PublishAnswer>
Store::replace_by_spare(Transaction& tx, const Publication& publication,
                        Topic& topic)
{
    const size_t bytes = publication.item_bytes();
    if (header_.spare == nullptr || bytes > header_.spare_bytes) {
        return std::nullopt;
    }
    const auto answer = try_publish(tx, publication, Room::spare);
    if (!answer) {
        return std::nullopt;
    }
    // Workers may not have read yet what the old value is the last of.
    TopicLog log(header_, tx);
    void* block = tx.allocate(bytes);
    for (size_t i = 0;
         block == nullptr && topic.head != topic.tail && i < kMaxEvictedItems;
         i++) {
        log.drop_head(topic);
        tx.set(header_.totals.evicted, header_.totals.evicted + 1);
        tx.commit();
        block = tx.allocate(bytes);
    }
    if (block != nullptr) {
        tx.set(header_.spare, log.move_value(topic, block));
    }
    return answer;
}

// The spare block comes to be, and is made anew once it was not given back.
void Store::restore_spare(Transaction& tx)
{
    if (header_.spare == nullptr &&
        memory_.free_bytes() >= header_.spare_bytes + header_.reserve_bytes) {
        tx.set(header_.spare, tx.allocate(header_.spare_bytes));
    }
}

// That the topic is gone, for those who read it; at the cost of what may be
// evicted. nullptr when the zone is full.
Item* Store::new_mark(Transaction& tx, const Topic& topic, int64_t now_ms)
{
    Eviction evicted;
    void* block = tx.allocate(sizeof(Item));
    while (block == nullptr && evict_some(tx, sizeof(Item), evicted)) {
        block = tx.allocate(sizeof(Item));
    }
    if (block == nullptr) {
        return nullptr;
    }
    auto* mark = new (block) Item{};
    mark->kind = ItemKind::gone;
    mark->epoch = topic.epoch;
    mark->seq = topic.seq;
    mark->time_ms = now_ms;
    return mark;
}

// Takes all of the topic's log away, and the position that its mark would have
// had: its readers find out as when the mark was evicted.
void Store::drop_log(Transaction& tx, Topic& topic)
{
    TopicLog log(header_, tx);
    while (topic.head != topic.tail) {
        log.drop_head(topic);
        tx.commit();
    }
    if (topic.head != nullptr) {
        log.drop_head(topic);
    }
    tx.set(topic.next_pos, topic.next_pos + 1);
}

} // namespace ws_pubsub
