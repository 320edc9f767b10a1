#include "readers/presence.hpp"

#include <algorithm>

#include "readers/topic_presence.hpp"
#include "shm/list.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

using OfTopic = ZoneList<&Present::topic_prev, &Present::topic_next>;
using OfOwner = ZoneList<&Present::owner_prev, &Present::owner_next>;

// Identities that leave in one hold of the lock.
constexpr size_t kLeavesPerLock = 16;

bool is_own(const Present& present)
{
    return present.worker < kFirstHost;
}

PersonIn person_in(const Present& present)
{
    return {*present.topic, present.hash, present.identity()};
}

} // namespace

// The list of a worker's people, or of a host's.
Present*& Presence::owned_by(WorkerId worker)
{
    return worker < kFirstHost
               ? header_.workers[worker].people
               : header_.cluster.people.hosts[worker - kFirstHost].people;
}

Present** Presence::bucket(uint64_t hash)
{
    return &header_
                .presence_buckets[hash & (header_.presence_bucket_count - 1)];
}

uint64_t Presence::hash(const Topic& topic, std::string_view identity) const
{
    const HashKey& key = header_.hash_key;
    return keyed_hash(identity, {key.first ^ topic.hash, key.second});
}

// A record of the identity in the topic: of that worker, or of any.
Present* Presence::find(const Topic& topic, std::string_view identity,
                        std::optional<WorkerId> worker)
{
    const uint64_t wanted = hash(topic, identity);
    for (Present* present = *bucket(wanted); present != nullptr;
         present = present->hash_next) {
        if (present->hash == wanted && present->topic == &topic &&
            present->identity() == identity &&
            (!worker || present->worker == *worker)) {
            return present;
        }
    }
    return nullptr;
}

// A record without connections; nullptr when the zone is full.
Present* Presence::make(Transaction& tx, Topic& topic, WorkerId worker,
                        std::string_view identity)
{
    TopicPresence* presence = make_topic_presence(header_, tx, topic);
    PresenceEvent* leave =
        presence == nullptr ? nullptr : events_.make(tx, identity, false);
    void* block = leave == nullptr ? nullptr : tx.allocate(sizeof(Present));
    if (block == nullptr) {
        return nullptr;
    }
    auto* present = new (block) Present{};
    present->leave = leave;
    present->topic = &topic;
    present->worker = worker;
    present->hash = hash(topic, identity);
    Present** first = bucket(present->hash);
    present->hash_next = *first;
    tx.set(*first, present);
    OfTopic::push_front_new(tx, presence->people, *present);
    OfOwner::push_front_new(tx, owned_by(worker), *present);
    Shares(header_, tx).hold(sizeof(Present));
    return present;
}

// REQUIRES: workers are interested in the topic.
void Presence::tell(Transaction& tx, Topic& topic, PresenceEvent& event)
{
    events_.append(tx, topic, event);
    inboxes_.changed(tx, topic);
}

bool Presence::let_go(Transaction& tx, Topic& topic)
{
    if (topic.presence == nullptr) {
        return true;
    }
    if (topic.presence->people != nullptr ||
        topic.presence->occupancy != nullptr || topic.presence->own != 0) {
        return false;
    }
    Shares(header_, tx).let_go(sizeof(TopicPresence));
    tx.release(topic.presence);
    return true;
}

// Before somebody comes or goes: where the topic is not there, workers with
// selectors for it have no interest in it by themselves. False when the zone is
// full.
bool Presence::tell_absent(Transaction& tx, Topic& topic)
{
    return topic.epoch != 0 || selectors_.tell(tx, topic);
}

// An event of it. False when there is no room for subscribers.
bool Presence::tell_join(Transaction& tx, Topic& topic,
                         std::string_view identity)
{
    if (!tell_absent(tx, topic)) {
        return false;
    }
    if (topic.interests == nullptr) {
        return true;
    }
    PresenceEvent* event = events_.make(tx, identity, true);
    if (event == nullptr) {
        return false;
    }
    tell(tx, topic, *event);
    return true;
}

// The record of the identity on that worker; a new one, and the event of its
// join, if need be. nullptr when there is no room for subscribers.
Present* Presence::find_or_make(Transaction& tx, Topic& topic, WorkerId worker,
                                std::string_view identity)
{
    Present* present = find(topic, identity, worker);
    if (present != nullptr) {
        return present;
    }
    const bool is_new = find(topic, identity, std::nullopt) == nullptr;
    present = make(tx, topic, worker, identity);
    if (present == nullptr || (is_new && !tell_join(tx, topic, identity)) ||
        !Shares(header_, tx).is_within()) {
        return nullptr;
    }
    return present;
}

void Presence::set_connections(Transaction& tx, Present& present,
                               uint32_t connections)
{
    uint32_t& all = present.topic->presence->connections;
    tx.set(all, all - present.connections + connections);
    tx.set(present.connections, connections);
}

// The identity is back. Commits.
void Presence::end_absence(Transaction& tx, Topic& topic,
                           std::string_view identity)
{
    tx.commit();
    Present* away = find(topic, identity, kNoWorker);
    if (away != nullptr) {
        free(tx, *away);
    }
    topics_.tidying.tidy(tx, topic);
}

bool Presence::join(const Interest& interest, std::string_view identity)
{
    Transaction tx(access_);
    Topic& topic = *interest.topic;
    Present* present = find_or_make(tx, topic, interest.worker, identity);
    if (present == nullptr || !own_.join(tx, person_in(*present))) {
        tx.rollback();
        return false;
    }
    set_connections(tx, *present, present->connections + 1);
    end_absence(tx, topic, identity);
    return true;
}

bool Presence::hear(Transaction& tx, Topic& topic, WorkerId host,
                    std::string_view identity, uint32_t connections)
{
    if (connections == 0) {
        Present* present = find(topic, identity, host);
        if (present != nullptr) {
            free(tx, *present);
        }
        return true;
    }
    Present* present = find_or_make(tx, topic, host, identity);
    if (present == nullptr) {
        tx.rollback();
        return false;
    }
    set_connections(tx, *present, connections);
    end_absence(tx, topic, identity);
    return true;
}

void Presence::leave(const Interest& interest, std::string_view identity,
                     bool expected_back)
{
    Transaction tx(access_);
    Present* present = find(*interest.topic, identity, interest.worker);
    if (present != nullptr && present->connections > 1) {
        set_connections(tx, *present, present->connections - 1);
        own_.leave(tx, person_in(*present), 1, false);
    } else if (present != nullptr && expected_back) {
        send_away(tx, *present);
    } else if (present != nullptr) {
        free(tx, *present);
    }
}

// Out of the list of its worker's people, or of those who are away.
void Presence::unlink_owned(Transaction& tx, Present& present)
{
    if (present.worker == kNoWorker) {
        OfOwner::remove(tx, header_.away_head, header_.away_tail, present);
    } else {
        OfOwner::remove(tx, owned_by(present.worker), present);
    }
}

// The identity has no sessions on that worker any more, or was away.
void Presence::free(Transaction& tx, Present& present)
{
    Topic& topic = *present.topic;
    if (is_own(present) || present.worker == kNoWorker) {
        own_.leave(tx, person_in(present), present.connections, false);
    }
    Present** link = bucket(present.hash);
    while (*link != &present) {
        link = &(*link)->hash_next;
    }
    tx.set(*link, present.hash_next);
    OfTopic::remove(tx, topic.presence->people, present);
    unlink_owned(tx, present);
    tx.set(topic.presence->connections,
           topic.presence->connections - present.connections);
    const bool left = find(topic, present.identity(), std::nullopt) == nullptr;
    if (left) {
        (void)tell_absent(tx, topic); // as far as there is room
    }
    if (left && topic.interests != nullptr) {
        tell(tx, topic, *present.leave);
    } else {
        Shares(header_, tx).let_go(present.leave->bytes());
        tx.release(present.leave);
    }
    Shares(header_, tx).let_go(sizeof(Present));
    tx.release(&present);
    topics_.tidying.commit_or_free(tx, topic, Tidying::kBeside);
}

// The identity's sessions on that worker ended with it: without others it is
// away.
void Presence::send_away(Transaction& tx, Present& present)
{
    for (const Present* other = *bucket(present.hash); other != nullptr;
         other = other->hash_next) {
        if (other != &present && other->topic == present.topic &&
            other->identity() == present.identity()) {
            return free(tx, present);
        }
    }
    if (is_own(present)) {
        own_.leave(tx, person_in(present), present.connections, true);
    }
    unlink_owned(tx, present);
    set_connections(tx, present, 0);
    tx.set(present.worker, kNoWorker);
    tx.set(present.away_since_ms, access_.clock.ticks_ms());
    OfOwner::push_back(tx, header_.away_head, header_.away_tail, present);
    tx.commit();
}

// Lets those leave who are away for too long. True when there may be more.
bool Presence::end_absences(Transaction& tx, int64_t ticks_ms)
{
    for (size_t i = 0; i < kLeavesPerLock; i++) {
        Present* first = header_.away_head;
        if (first == nullptr ||
            ticks_ms - first->away_since_ms < kPresenceGraceMs) {
            return false;
        }
        free(tx, *first);
    }
    return true;
}

PresenceList Presence::who(std::string_view path, size_t limit)
{
    PresenceList answer;
    {
        Transaction tx(access_);
        const Topic* topic = topics_.records.find(path);
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
