#include "topics/topic_log.hpp"

#include <algorithm>
#include <cstring>

#include "shm/list.hpp"
#include "topics/logical_bytes.hpp"
#include "topics/numbers.hpp"

namespace ws_pubsub {

namespace {

using Log = ZoneList<&Item::prev, &Item::next>;
using AgeList = ZoneList<&Item::age_prev, &Item::age_next>;

// Whether the policy keeps the item.
bool in_window(const Topic& topic, const Item& item)
{
    return item.kind == ItemKind::message &&
           TopicLog::is_current(topic, item) &&
           topic.seq - item.seq < topic.keep;
}

// An item is at least as old as the newest one, though that may come from a
// worker whose time is a little behind.
bool is_expired(const Topic& topic, const Item& item, int64_t ticks_ms)
{
    const int64_t ttl_ms = topic.ttl_ms();
    return ttl_ms != 0 &&
           std::min(item.born_ms, topic.tail->born_ms) + ttl_ms <= ticks_ms;
}

// The first one that is wanted, as all behind it are; nullptr if none.
template <class Wanted>
Item* first_of(Topic& topic, Wanted wanted)
{
    Item* behind = topic.tail;
    if (behind == nullptr || !wanted(*behind)) {
        return nullptr;
    }
    // From both ends at once: nobody knows which one is nearer.
    Item* first = topic.head;
    while (behind != first && wanted(*behind->prev)) {
        if (wanted(*first)) {
            return first;
        }
        first = first->next;
        behind = behind->prev;
    }
    return behind;
}

} // namespace

bool TopicLog::is_kept(const Topic& topic, const Item& item)
{
    return in_window(topic, item);
}

// What it does not keep is there only where somebody has not read it.
uint64_t TopicLog::dropped(Topic& topic)
{
    if (topic.head == nullptr || in_window(topic, *topic.head)) {
        return topic.dropped;
    }
    const Item* first = first_of(
        topic, [&](const Item& item) { return in_window(topic, item); });
    return first == nullptr ? newest(topic) : first->prev->number;
}

Item* TopicLog::first_after(Topic& topic, uint64_t number)
{
    return first_of(topic,
                    [&](const Item& item) { return item.number > number; });
}

Item* TopicLog::first_from(Topic& topic, uint64_t seq)
{
    return first_of(topic, [&](const Item& item) {
        return is_current(topic, item) && item.seq >= seq;
    });
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
    item.number = Numbers(header_, tx_).next(topic);
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
    tx_.set(topic.dropped, item.number);
    tx_.set(header_.totals.items, header_.totals.items - 1);
    tx_.release(&item);
}

bool TopicLog::trim(Topic& topic, const Readers& readers, size_t& steps)
{
    if (topic.head == nullptr || in_window(topic, *topic.head)) {
        return true;
    }
    const uint64_t read = readers.read_by_all(topic);
    do {
        if (topic.head->number > read) {
            return true;
        }
        if (steps == 0) {
            return false;
        }
        steps--;
        drop_head(topic);
        // Each step leaves the log whole, and the undo log is finite.
        tx_.commit();
    } while (topic.head != nullptr && !in_window(topic, *topic.head));
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
