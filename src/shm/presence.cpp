// Who is subscribed to a topic by its name, on all workers.
//
// A worker keeps one record for each identity and topic, which counts the
// sessions. The first record of an identity in a topic makes it join, the end
// of the last one makes it leave. Each change is an event that waits until
// every worker with an interest in the topic has read it.
#include <algorithm>
#include <cstring>

#include "shm/store.hpp"

namespace ws_pubsub {

namespace {

// Of more than this a worker that does not read loses the oldest.
constexpr uint32_t kMaxUnreadEvents = 1024;

template <class Record>
void copy_identity(Record& record, std::string_view identity)
{
    record.identity_bytes = static_cast<uint16_t>(identity.size());
    std::memcpy(&record + 1, identity.data(), identity.size());
}

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
    void* block = presence == nullptr
                      ? nullptr
                      : tx.allocate(sizeof(Present) + identity.size());
    if (block == nullptr) {
        return nullptr;
    }
    WorkerSlot& slot = header_.workers[worker];
    auto* present = new (block) Present{};
    copy_identity(*present, identity);
    present->topic = &topic;
    present->worker = worker;
    present->hash = presence_hash(topic, identity);
    Present** bucket = presence_bucket(present->hash);
    present->hash_next = *bucket;
    present->topic_next = presence->people;
    present->worker_next = slot.people;
    if (presence->people != nullptr) {
        tx.set(presence->people->topic_prev, present);
    }
    if (slot.people != nullptr) {
        tx.set(slot.people->worker_prev, present);
    }
    tx.set(*bucket, present);
    tx.set(presence->people, present);
    tx.set(slot.people, present);
    return present;
}

// Appends an event for the workers that are interested. False when the zone is
// full. REQUIRES: the topic has a TopicPresence.
bool Store::tell_presence(Transaction& tx, Topic& topic,
                          std::string_view identity, bool join)
{
    if (topic.interests == nullptr) {
        return true;
    }
    void* block = tx.allocate(sizeof(PresenceEvent) + identity.size());
    if (block == nullptr) {
        return false;
    }
    TopicPresence& presence = *topic.presence;
    auto* event = new (block) PresenceEvent{};
    copy_identity(*event, identity);
    event->join = join;
    event->pos = presence.next_pos;
    tx.set(presence.next_pos, presence.next_pos + 1);
    tx.set(presence.unread, presence.unread + 1);
    if (presence.tail != nullptr) {
        tx.set(presence.tail->next, event);
    } else {
        tx.set(presence.head, event);
    }
    tx.set(presence.tail, event);
    notify_readers(tx, topic);
    return true;
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
            done = present != nullptr &&
                   (!is_new || tell_presence(tx, topic, identity, true));
            if (done) {
                tx.set(present->connections, present->connections + 1);
                tx.set(topic.presence->connections,
                       topic.presence->connections + 1);
                tx.commit();
                trim_presence(tx, topic);
            } else {
                tx.rollback();
                to_wake_.clear();
            }
        } while (!done && evict_some(tx, sizeof(Present), evicted));
    }
    wake_readers();
    return done;
}

void Store::leave(const Interest& interest, std::string_view identity)
{
    {
        Transaction tx(memory_, header_);
        Present* present =
            find_present(*interest.topic, identity, interest.worker);
        if (present != nullptr && present->connections > 1) {
            uint64_t& all = interest.topic->presence->connections;
            tx.set(present->connections, present->connections - 1);
            tx.set(all, all - 1);
        } else if (present != nullptr) {
            free_present(tx, *present);
        }
    }
    wake_readers();
}

// The identity has no sessions on that worker any more. In a zone that is full
// it leaves in silence.
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
    if (present.worker_prev != nullptr) {
        tx.set(present.worker_prev->worker_next, present.worker_next);
    } else {
        tx.set(header_.workers[present.worker].people, present.worker_next);
    }
    if (present.worker_next != nullptr) {
        tx.set(present.worker_next->worker_prev, present.worker_prev);
    }
    tx.set(topic.presence->connections,
           topic.presence->connections - present.connections);
    if (find_present(topic, present.identity(), std::nullopt) == nullptr) {
        tell_presence(tx, topic, present.identity(), false);
    }
    tx.release(&present);
    tx.commit();
    trim_presence(tx, topic);
    free_topic_if_unused(tx, topic);
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
