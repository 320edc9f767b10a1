#include "readers/inboxes.hpp"

#include <atomic>

#include "topics/topic_log.hpp"

namespace ws_pubsub {

namespace {

// Entries of an inbox that turn out to be nothing, in one hold of the lock.
constexpr size_t kSkippedPerLock = 16;

} // namespace

bool Inboxes::may_have_unread(WorkerId worker) const
{
    const std::atomic_ref<Interest*> head(header_.workers[worker].inbox_head);
    return head.load(std::memory_order_relaxed) != nullptr;
}

void Inboxes::pop(Transaction& tx, WorkerSlot& slot)
{
    Interest& first = *slot.inbox_head;
    tx.set(slot.inbox_head, first.inbox_next);
    if (first.inbox_next == nullptr) {
        tx.set(slot.inbox_tail, nullptr);
    }
    tx.set(first.in_inbox, false);
}

void Inboxes::free_first(Transaction& tx, WorkerSlot& slot)
{
    Interest& interest = *slot.inbox_head;
    pop(tx, slot);
    interests_.free(tx, interest);
}

// True when more than `max_bytes` were unread, and some still are. What was
// evicted or has become too old counts as read.
bool Inboxes::read_unread(Transaction& tx, Interest& interest, size_t max_bytes,
                          Batch& out)
{
    Topic& topic = *interest.topic;
    Item* item = TopicLog::skip_expired(
        topic, TopicLog::first_after(topic, interest.cursor),
        access_.clock.ticks_ms());
    const size_t overhead = sizeof(Item) + topic.path_bytes;
    uint64_t cursor = topic.next_pos - 1;
    while (item != nullptr &&
           (out.empty() || out.bytes() + out.size() * overhead < max_bytes)) {
        out.add(*item);
        item = item->next;
    }
    if (item != nullptr) {
        cursor = item->pos - 1;
    }
    if (cursor != interest.cursor) {
        tx.set(interest.cursor, cursor);
    }
    return item != nullptr;
}

void Inboxes::name(Interest& interest, Delivery& delivery)
{
    delivery.interest = &interest;
    delivery.token = interest.token;
    delivery.newest = position_of(*interest.topic);
    delivery.path.clear();
    if (interest.token == 0) {
        delivery.path = interest.topic->path();
    }
}

bool Inboxes::read(WorkerId worker, size_t max_bytes, Delivery& delivery,
                   Batch& out)
{
    Transaction tx(access_);
    WorkerSlot& slot = header_.workers[worker];
    out.clear();
    delivery.presence.clear();
    delivery.displaced = false;
    for (size_t i = 0; i < kSkippedPerLock; i++) {
        if (slot.inbox_head == nullptr || !is_served(header_.cluster.state)) {
            return false;
        }
        Interest& interest = *slot.inbox_head;
        if (interest.is_dropped()) {
            free_first(tx, slot);
            continue;
        }
        if (interest.reading != ReadState::on) {
            name(interest, delivery);
            delivery.displaced = true;
            return true;
        }
        const uint64_t cursor = interest.cursor;
        const bool more = read_unread(tx, interest, max_bytes, out);
        events_.read(tx, interest, delivery.presence);
        pop(tx, slot);
        if (more) {
            push(tx, slot, interest); // its worker is awake
        }
        topics_.tidying.commit(tx, *interest.topic);
        if (interest.cursor == cursor && delivery.presence.empty()) {
            continue; // catch_up() was here before
        }
        name(interest, delivery);
        return true;
    }
    delivery.interest = nullptr;
    return true;
}

ReadAnswer Inboxes::catch_up(Interest& interest, const ReadFrom& from,
                             const ReadLimits& limits, size_t max_unread,
                             Batch& unread, Batch& kept)
{
    Transaction tx(access_);
    Topic& topic = *interest.topic;
    unread.clear();
    kept.clear();
    if (!is_served(header_.cluster.state) ||
        interest.reading != ReadState::on) {
        ReadAnswer answer;
        answer.waits = true;
        return answer;
    }
    bool more = max_unread == 0 &&
                TopicLog::first_after(topic, interest.cursor) != nullptr;
    if (!more) {
        more = read_unread(tx, interest, max_unread, unread);
        topics_.tidying.commit(tx, topic);
    }
    if (more) {
        ReadAnswer answer;
        answer.newest = position_of(topic);
        answer.unread = true;
        return answer;
    }
    return read_kept(&topic, from, limits, access_.clock.ticks_ms(), kept);
}

} // namespace ws_pubsub
