// Who is subscribed to a topic by its name, on all workers.
//
// A worker keeps one record for each identity and topic, which counts the
// sessions. The first record of an identity in a topic makes it join, the end
// of the last one makes it leave. Each change is an event that waits until
// every worker with an interest in the topic has read it. The event of a leave
// is made together with the record: a zone that is full by then tells it, too.
//
// Clients of a worker that ends, by a reload or because it was killed, come
// back to another one: their identities are away for a time, and nobody is
// told anything unless they stay away. Whichever worker finds the time over
// lets them leave.
#include <algorithm>
#include <cstring>

#include "shm/store.hpp"

namespace ws_pubsub {

namespace {

// Of more than this a worker that does not read loses the oldest.
constexpr uint32_t kMaxUnreadEvents = 1024;

// Identities that leave in one hold of the lock.
constexpr size_t kLeavesPerLock = 64;

} // namespace

Present** Store::presence_bucket(uint64_t hash)
{
    return &header_
                .presence_buckets[hash & (header_.presence_bucket_count - 1)];
}

uint64_t Store::presence_hash(const Topic& topic,
                              std::string_view identity) const
{
    return hash_bytes(identity, header_.seed ^ topic.hash);
}

// A record of the identity in the topic: of that worker, or of any.
Present* Store::find_present(const Topic& topic, std::string_view identity,
                             std::optional<WorkerId> worker)
{
    const uint64_t hash = presence_hash(topic, identity);
    for (Present* present = *presence_bucket(hash); present != nullptr;
         present = present->hash_next) {
        if (present->hash == hash && present->topic == &topic &&
            present->identity() == identity &&
            (!worker || present->worker == *worker)) {
            return present;
        }
    }
    return nullptr;
}

// nullptr when the zone is full.
TopicPresence* Store::presence_of(Transaction& tx, Topic& topic)
{
    if (topic.presence == nullptr) {
        void* block = tx.allocate(sizeof(TopicPresence));
        if (block == nullptr) {
            return nullptr;
        }
        auto* presence = new (block) TopicPresence{};
        presence->next_pos = 1;
        tx.set(topic.presence, presence);
    }
    return topic.presence;
}

// A record without connections; nullptr when the zone is full.
Present* Store::new_present(Transaction& tx, Topic& topic, WorkerId worker,
                            std::string_view identity)
{
    TopicPresence* presence = presence_of(tx, topic);
    PresenceEvent* leave =
        presence == nullptr ? nullptr : new_event(tx, identity, false);
    void* block = leave == nullptr ? nullptr : tx.allocate(sizeof(Present));
    if (block == nullptr) {
        return nullptr;
    }
    WorkerSlot& slot = header_.workers[worker];
    auto* present = new (block) Present{};
    present->leave = leave;
    present->topic = &topic;
    present->worker = worker;
    present->hash = presence_hash(topic, identity);
    Present** bucket = presence_bucket(present->hash);
    present->hash_next = *bucket;
    present->topic_next = presence->people;
    present->owner_next = slot.people;
    if (presence->people != nullptr) {
        tx.set(presence->people->topic_prev, present);
    }
    if (slot.people != nullptr) {
        tx.set(slot.people->owner_prev, present);
    }
    tx.set(*bucket, present);
    tx.set(presence->people, present);
    tx.set(slot.people, present);
    return present;
}

// nullptr when the zone is full.
PresenceEvent* Store::new_event(Transaction& tx, std::string_view identity,
                                bool join)
{
    void* block = tx.allocate(sizeof(PresenceEvent) + identity.size());
    if (block == nullptr) {
        return nullptr;
    }
    auto* event = new (block) PresenceEvent{};
    event->identity_bytes = static_cast<uint16_t>(identity.size());
    std::memcpy(event + 1, identity.data(), identity.size());
    event->join = join;
    return event;
}

// Appends the event for the workers that are interested. REQUIRES: there are
// some, and the topic has a TopicPresence.
void Store::tell_presence(Transaction& tx, Topic& topic, PresenceEvent& event)
{
    TopicPresence& presence = *topic.presence;
    tx.set(event.pos, presence.next_pos);
    tx.set(presence.next_pos, presence.next_pos + 1);
    tx.set(presence.unread, presence.unread + 1);
    if (presence.tail != nullptr) {
        tx.set(presence.tail->next, &event);
    } else {
        tx.set(presence.head, &event);
    }
    tx.set(presence.tail, &event);
    notify_readers(tx, topic);
}

void Store::drop_presence_head(Transaction& tx, TopicPresence& presence)
{
    PresenceEvent* head = presence.head;
    tx.set(presence.head, head->next);
    if (head->next == nullptr) {
        tx.set(presence.tail, nullptr);
    }
    tx.set(presence.unread, presence.unread - 1);
    tx.release(head);
    tx.commit();
}

// Drops the events that every interested worker has read.
void Store::trim_presence(Transaction& tx, Topic& topic)
{
    if (topic.presence == nullptr || topic.presence->head == nullptr) {
        return;
    }
    TopicPresence& presence = *topic.presence;
    uint64_t read = UINT64_MAX;
    for (const Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (!interest->dropped) {
            read = std::min(read, interest->presence_cursor);
        }
    }
    while (presence.head != nullptr &&
           (presence.head->pos <= read || presence.unread > kMaxUnreadEvents)) {
        drop_presence_head(tx, presence);
    }
}

void Store::read_presence(Transaction& tx, Interest& interest,
                          std::vector<PresenceChange>& out)
{
    const TopicPresence* presence = interest.topic->presence;
    if (presence == nullptr ||
        interest.presence_cursor + 1 == presence->next_pos) {
        return;
    }
    for (PresenceEvent* event = presence->head; event != nullptr;
         event = event->next) {
        if (event->pos > interest.presence_cursor) {
            out.push_back({event->join, std::string(event->identity())});
        }
    }
    tx.set(interest.presence_cursor, presence->next_pos - 1);
}

bool Store::join(const Interest& interest, std::string_view identity)
{
    bool done = false;
    {
        Transaction tx(memory_, header_);
        Topic& topic = *interest.topic;
        Eviction evicted;
        do {
            const bool is_new =
                find_present(topic, identity, std::nullopt) == nullptr;
            Present* present = find_present(topic, identity, interest.worker);
            if (present == nullptr) {
                present = new_present(tx, topic, interest.worker, identity);
            }
            PresenceEvent* event =
                is_new ? new_event(tx, identity, true) : nullptr;
            done = present != nullptr && (!is_new || event != nullptr);
            if (done) {
                if (is_new) {
                    tell_presence(tx, topic, *event);
                }
                tx.set(present->connections, present->connections + 1);
                tx.set(topic.presence->connections,
                       topic.presence->connections + 1);
                tx.commit();
                Present* away = find_present(topic, identity, kNoWorker);
                if (away != nullptr) {
                    free_present(tx, *away);
                }
                trim_presence(tx, topic);
            } else {
                tx.rollback();
            }
        } while (!done && evict_some(tx, sizeof(Present), evicted));
    }
    wake_readers();
    return done;
}

void Store::leave(const Interest& interest, std::string_view identity,
                  bool expected_back)
{
    {
        Transaction tx(memory_, header_);
        Present* present =
            find_present(*interest.topic, identity, interest.worker);
        if (present != nullptr && present->connections > 1) {
            uint64_t& all = interest.topic->presence->connections;
            tx.set(present->connections, present->connections - 1);
            tx.set(all, all - 1);
        } else if (present != nullptr && expected_back) {
            send_away(tx, *present);
        } else if (present != nullptr) {
            free_present(tx, *present);
        }
    }
    wake_readers();
}

// Out of the list of its worker's people, or of those who are away.
void Store::unlink_owned(Transaction& tx, Present& present)
{
    const bool is_away = present.worker == kNoWorker;
    Present*& head =
        is_away ? header_.away_head : header_.workers[present.worker].people;
    if (present.owner_prev != nullptr) {
        tx.set(present.owner_prev->owner_next, present.owner_next);
    } else {
        tx.set(head, present.owner_next);
    }
    if (present.owner_next != nullptr) {
        tx.set(present.owner_next->owner_prev, present.owner_prev);
    } else if (is_away) {
        tx.set(header_.away_tail, present.owner_prev);
    }
}

// The identity has no sessions on that worker any more, or was away.
void Store::free_present(Transaction& tx, Present& present)
{
    Topic& topic = *present.topic;
    Present** link = presence_bucket(present.hash);
    while (*link != &present) {
        link = &(*link)->hash_next;
    }
    tx.set(*link, present.hash_next);
    if (present.topic_prev != nullptr) {
        tx.set(present.topic_prev->topic_next, present.topic_next);
    } else {
        tx.set(topic.presence->people, present.topic_next);
    }
    if (present.topic_next != nullptr) {
        tx.set(present.topic_next->topic_prev, present.topic_prev);
    }
    unlink_owned(tx, present);
    tx.set(topic.presence->connections,
           topic.presence->connections - present.connections);
    if (topic.interests != nullptr &&
        find_present(topic, present.identity(), std::nullopt) == nullptr) {
        tell_presence(tx, topic, *present.leave);
    } else {
        tx.release(present.leave);
    }
    tx.release(&present);
    tx.commit();
    trim_presence(tx, topic);
    free_topic_if_unused(tx, topic);
}

// The identity's sessions on that worker ended with it: without others it is
// away.
void Store::send_away(Transaction& tx, Present& present)
{
    TopicPresence& presence = *present.topic->presence;
    for (const Present* other = *presence_bucket(present.hash);
         other != nullptr; other = other->hash_next) {
        if (other != &present && other->topic == present.topic &&
            other->identity() == present.identity()) {
            return free_present(tx, present);
        }
    }
    unlink_owned(tx, present);
    tx.set(presence.connections, presence.connections - present.connections);
    tx.set(present.connections, 0);
    tx.set(present.worker, kNoWorker);
    tx.set(present.away_since_ms, clock_.now_ms());
    tx.set(present.owner_prev, header_.away_tail);
    tx.set(present.owner_next, nullptr);
    if (header_.away_tail != nullptr) {
        tx.set(header_.away_tail->owner_next, &present);
    } else {
        tx.set(header_.away_head, &present);
    }
    tx.set(header_.away_tail, &present);
    tx.commit();
}

// Lets those leave who are away for too long, also where the system's clock was
// set back by as much. True when there may be more.
bool Store::end_absences(Transaction& tx, int64_t now_ms)
{
    for (size_t i = 0; i < kLeavesPerLock; i++) {
        Present* first = header_.away_head;
        const int64_t away_ms =
            first == nullptr ? 0 : now_ms - first->away_since_ms;
        if (away_ms < kPresenceGraceMs && away_ms > -kPresenceGraceMs) {
            return false;
        }
        free_present(tx, *first);
    }
    return true;
}

Presence Store::who(std::string_view path, size_t limit)
{
    Presence answer;
    {
        Transaction tx(memory_, header_);
        const Topic* topic = table_.find(path);
        if (topic == nullptr || topic->presence == nullptr) {
            return answer;
        }
        answer.connections = topic->presence->connections;
        Present* present = topic->presence->people;
        while (present != nullptr && answer.who.size() < limit) {
            answer.who.emplace_back(present->identity());
            present = present->topic_next;
        }
        answer.more = present != nullptr;
    }
    // There may be one for each worker.
    auto& who = answer.who;
    std::sort(who.begin(), who.end());
    who.erase(std::unique(who.begin(), who.end()), who.end());
    return answer;
}

} // namespace ws_pubsub
