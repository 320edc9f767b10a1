#include "topics/topic_log.hpp"

#include <algorithm>
#include <cstring>

#include "shm/list.hpp"
#include "topics/logical_bytes.hpp"

namespace ws_pubsub {

namespace {

using Log = ZoneList<&Item::prev, &Item::next>;
using AgeList = ZoneList<&Item::age_prev, &Item::age_next>;

// Whether the policy keeps the item.
bool in_window(const Topic& topic, const Item& item)
{
    return item.kind == ItemKind::message &&
           TopicLog::is_current(topic, item) &&
           TopicLog::behind(topic, item) < topic.keep;
}

// An item is at least as old as the newest one, though that may come from a
// worker whose time is a little behind.
bool is_expired(const Topic& topic, const Item& item, int64_t ticks_ms)
{
    const int64_t ttl_ms = topic.ttl_ms();
    return ttl_ms != 0 &&
           std::min(item.born_ms, topic.tail->born_ms) + ttl_ms <= ticks_ms;
}

} // namespace

bool TopicLog::is_kept(const Topic& topic, const Item& item)
{
    return in_window(topic, item);
}

Item* TopicLog::first_after(Topic& topic, uint64_t pos)
{
    if (topic.tail == nullptr || topic.tail->pos <= pos) {
        return nullptr;
    }
    // Walk from the nearer end.
    if (topic.head->pos > pos ||
        pos - topic.head->pos < topic.tail->pos - pos) {
        Item* item = topic.head;
        while (item->pos <= pos) {
            item = item->next;
        }
        return item;
    }
    Item* item = topic.tail;
    while (item->prev != nullptr && item->prev->pos > pos) {
        item = item->prev;
    }
    return item;
}

Item* TopicLog::skip_expired(const Topic& topic, Item* item, int64_t ticks_ms)
{
    if (item == nullptr || is_expired(topic, *topic.tail, ticks_ms)) {
        return nullptr;
    }
    while (is_expired(topic, *item, ticks_ms)) {
        item = item->next;
    }
    return item;
}

Item* TopicLog::value(const Topic& topic, int64_t ticks_ms)
{
    return topic.retain && topic.tail != nullptr &&
                   in_window(topic, *topic.tail) &&
                   !is_expired(topic, *topic.tail, ticks_ms)
               ? topic.tail
               : nullptr;
}

bool TopicLog::exists(const Topic* topic, int64_t ticks_ms)
{
    return topic != nullptr && topic->epoch != 0 &&
           (!topic->retain || value(*topic, ticks_ms) != nullptr);
}

void TopicLog::age(Item& item)
{
    if (item.aging) {
        return;
    }
    tx_.set(item.aging, true);
    AgeList::push_back(tx_, header_.age_head, header_.age_tail, item);
}

void TopicLog::age_value(Topic& topic)
{
    if (topic.tail != nullptr) {
        age(*topic.tail);
    }
}

void TopicLog::append(Topic& topic, Item& item)
{
    age_value(topic);
    item.topic = &topic;
    item.next = nullptr;
    item.prev = topic.tail;
    item.pos = topic.next_pos;
    tx_.set(topic.next_pos, topic.next_pos + 1);
    if (topic.tail != nullptr) {
        tx_.set(topic.tail->next, &item);
    } else {
        tx_.set(topic.head, &item);
    }
    tx_.set(topic.tail, &item);
    if (!topic.retain || item.kind != ItemKind::message) {
        age(item);
    }
    tx_.set(header_.totals.items, header_.totals.items + 1);
}

void TopicLog::prepend(Topic& topic, Item& item)
{
    item.topic = &topic;
    item.prev = nullptr;
    item.next = topic.head;
    if (topic.head != nullptr) {
        tx_.set(topic.head->prev, &item);
    } else {
        tx_.set(topic.tail, &item);
    }
    tx_.set(topic.head, &item);
    tx_.set(header_.totals.items, header_.totals.items + 1);
}

void* TopicLog::move_value(Topic& topic, void* block)
{
    Item* old = topic.tail;
    std::memcpy(block, static_cast<void*>(old),
                Item::bytes_of(old->content_type(), old->payload()));
    auto* moved = static_cast<Item*>(block);
    if (moved->prev != nullptr) {
        tx_.set(moved->prev->next, moved);
    } else {
        tx_.set(topic.head, moved);
    }
    tx_.set(topic.tail, moved);
    return old;
}

void TopicLog::drop_head(Topic& topic)
{
    Item& item = *topic.head;
    if (item.aging) {
        AgeList::remove(tx_, header_.age_head, header_.age_tail, item);
    }
    Log::remove(tx_, topic.head, topic.tail, item);
    tx_.set(header_.totals.items, header_.totals.items - 1);
    tx_.release(&item);
}

bool TopicLog::trim(Topic& topic, const Readers& readers, size_t& steps)
{
    if (topic.head == nullptr || in_window(topic, *topic.head)) {
        return true;
    }
    const uint64_t read = readers.read_by_all(topic);
    while (topic.head != nullptr && topic.head->pos <= read &&
           !in_window(topic, *topic.head)) {
        if (steps == 0) {
            return false;
        }
        steps--;
        drop_head(topic);
        // Each step leaves the log whole, and the undo log is finite.
        tx_.commit();
    }
    return true;
}

void TopicLog::evict_head(Topic& topic)
{
    drop_head(topic);
    tx_.set(header_.totals.evicted, header_.totals.evicted + 1);
    tx_.commit();
}

bool TopicLog::evict_oldest(size_t& freed)
{
    Item* oldest = header_.age_head;
    if (oldest == nullptr) {
        return false;
    }
    freed += sizeof(Item) + oldest->content_type_bytes + oldest->payload_bytes;
    evict_head(*oldest->topic);
    return true;
}

size_t TopicLog::drop_expired(Topic& topic, int64_t ticks_ms, size_t most)
{
    size_t dropped = 0;
    while (dropped < most && topic.head != nullptr &&
           is_expired(topic, *topic.head, ticks_ms)) {
        if (header_.replica.on && topic.head == topic.tail) {
            LogicalBytes(header_, tx_).shrink(LogicalBytes::of_value(topic));
        }
        drop_head(topic);
        tx_.set(header_.totals.expired, header_.totals.expired + 1);
        tx_.commit();
        dropped++;
    }
    return dropped;
}

} // namespace ws_pubsub
