// Who reads a topic, and what is waiting for each worker.
//
// A worker's inbox is the list of its interests that have something unread:
// at most one entry a topic, however many messages wait, so it needs no limit
// of its own and a slow worker costs a publisher nothing.
#include "shm/store.hpp"
#include "shm/topic_log.hpp"

namespace ws_pubsub {

Interest* Store::new_interest(Transaction& tx, Topic& topic, WorkerId worker,
                              uint64_t token)
{
    void* block = tx.allocate(sizeof(Interest));
    if (block == nullptr) {
        return nullptr;
    }
    WorkerSlot& slot = header_.workers[worker];
    auto* interest = new (block) Interest{};
    interest->topic = &topic;
    interest->worker = worker;
    interest->token = token;
    interest->cursor = topic.next_pos - 1;
    interest->presence_cursor =
        topic.presence == nullptr ? 0 : topic.presence->next_pos - 1;
    interest->topic_next = topic.interests;
    interest->worker_next = slot.interests;
    if (slot.interests != nullptr) {
        tx.set(slot.interests->worker_prev, interest);
    }
    tx.set(slot.interests, interest);
    tx.set(topic.interests, interest);
    return interest;
}

void Store::push_inbox(Transaction& tx, Interest& interest)
{
    if (interest.in_inbox) {
        return;
    }
    WorkerSlot& slot = header_.workers[interest.worker];
    tx.set(interest.in_inbox, true);
    tx.set(interest.inbox_next, nullptr);
    if (slot.inbox_tail != nullptr) {
        tx.set(slot.inbox_tail->inbox_next, &interest);
    } else {
        tx.set(slot.inbox_head, &interest);
        to_wake_.push_back(interest.worker);
    }
    tx.set(slot.inbox_tail, &interest);
}

void Store::pop_inbox(Transaction& tx, WorkerSlot& slot)
{
    Interest& first = *slot.inbox_head;
    tx.set(slot.inbox_head, first.inbox_next);
    if (first.inbox_next == nullptr) {
        tx.set(slot.inbox_tail, nullptr);
    }
    tx.set(first.in_inbox, false);
}

// REQUIRES: the interest is not in an inbox.
void Store::free_interest(Transaction& tx, Interest& interest)
{
    Topic& topic = *interest.topic;
    Interest** link = &topic.interests;
    while (*link != &interest) {
        link = &(*link)->topic_next;
    }
    tx.set(*link, interest.topic_next);

    if (interest.worker_prev != nullptr) {
        tx.set(interest.worker_prev->worker_next, interest.worker_next);
    } else {
        tx.set(header_.workers[interest.worker].interests,
               interest.worker_next);
    }
    if (interest.worker_next != nullptr) {
        tx.set(interest.worker_next->worker_prev, interest.worker_prev);
    }
    tx.release(&interest);
    if (topic.interests == nullptr) {
        restart_idle(tx, topic);
    }
    tx.commit();
    TopicLog(header_, tx).trim(topic);
    trim_presence(tx, topic);
    free_topic_if_unused(tx, topic);
}

void Store::free_topic_if_unused(Transaction& tx, Topic& topic)
{
    if (topic.epoch == 0 && topic.interests == nullptr &&
        topic.head == nullptr &&
        (topic.presence == nullptr || topic.presence->people == nullptr)) {
        drop_clock(tx, topic);
        table_.erase(tx, topic);
        if (topic.presence != nullptr) {
            tx.release(topic.presence);
        }
        tx.commit();
    }
}

Joined Store::add_interest(WorkerId worker, std::string_view path,
                           uint64_t token)
{
    Transaction tx(memory_, header_);
    Eviction evicted;
    do {
        Topic* topic = table_.find(path);
        if (topic == nullptr) {
            topic = table_.insert(tx, path);
        }
        Interest* interest = topic == nullptr ? nullptr : topic->interests;
        while (interest != nullptr &&
               (interest->worker != worker || interest->dropped)) {
            interest = interest->topic_next;
        }
        if (interest != nullptr) {
            tx.set(interest->token, token);
        } else if (topic != nullptr) {
            interest = new_interest(tx, *topic, worker, token);
        }
        if (interest != nullptr) {
            return {interest, position_of(*topic),
                    interest->cursor + 1 != topic->next_pos};
        }
        tx.rollback();
    } while (evict_some(tx, sizeof(Topic) + sizeof(Interest), evicted));
    return {};
}

void Store::claim_interest(Interest& interest, uint64_t token)
{
    Transaction tx(memory_, header_);
    tx.set(interest.token, token);
}

void Store::drop_interest(Interest& interest)
{
    Transaction tx(memory_, header_);
    if (interest.in_inbox) {
        tx.set(interest.dropped, true);
        tx.set(interest.token, uint64_t{0});
        tx.commit();
        TopicLog(header_, tx).trim(*interest.topic);
        trim_presence(tx, *interest.topic);
    } else {
        free_interest(tx, interest);
    }
}

bool Store::drop_if_gone(Interest& interest)
{
    Transaction tx(memory_, header_);
    if (interest.topic->epoch != 0 || interest.in_inbox) {
        return false;
    }
    free_interest(tx, interest);
    return true;
}

void Store::set_subscribers(std::span<const SubscriberCount> counts)
{
    Transaction tx(memory_, header_);
    for (const SubscriberCount& count : counts) {
        tx.set(count.interest->subscribers, count.sessions);
        tx.commit();
    }
}

// True when more than `max_bytes` were unread, and some still are. What was
// evicted or has become too old counts as read.
bool Store::read_unread(Transaction& tx, Interest& interest, size_t max_bytes,
                        Batch& out)
{
    Topic& topic = *interest.topic;
    Item* item = TopicLog::skip_expired(
        topic, TopicLog::first_after(topic, interest.cursor), clock_.now_ms());
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

// What was read is final; what nobody needs any more goes.
void Store::finish_reading(Transaction& tx, Topic& topic)
{
    tx.commit();
    TopicLog(header_, tx).trim(topic);
    trim_presence(tx, topic);
}

bool Store::read_inbox(WorkerId worker, size_t max_bytes, Delivery& delivery,
                       Batch& out)
{
    Transaction tx(memory_, header_);
    WorkerSlot& slot = header_.workers[worker];
    out.clear();
    while (slot.inbox_head != nullptr) {
        Interest& interest = *slot.inbox_head;
        if (interest.dropped) {
            pop_inbox(tx, slot);
            free_interest(tx, interest);
            continue;
        }
        const uint64_t cursor = interest.cursor;
        const bool more = read_unread(tx, interest, max_bytes, out);
        delivery.presence.clear();
        read_presence(tx, interest, delivery.presence);
        pop_inbox(tx, slot);
        if (more) {
            push_inbox(tx, interest);
            to_wake_.clear(); // it is awake
        }
        finish_reading(tx, *interest.topic);
        if (interest.cursor == cursor && delivery.presence.empty()) {
            continue; // catch_up() was here before
        }
        delivery.interest = &interest;
        delivery.token = interest.token;
        delivery.newest = position_of(*interest.topic);
        delivery.path.clear();
        if (interest.token == 0) {
            delivery.path = interest.topic->path();
        }
        return true;
    }
    return false;
}

ReadAnswer Store::catch_up(Interest& interest, const ReadFrom& from,
                           const ReadLimits& limits, Batch& unread, Batch& kept)
{
    Transaction tx(memory_, header_);
    unread.clear();
    kept.clear();
    read_unread(tx, interest, SIZE_MAX, unread);
    finish_reading(tx, *interest.topic);
    return read_kept(interest.topic, from, limits, kept);
}

} // namespace ws_pubsub
