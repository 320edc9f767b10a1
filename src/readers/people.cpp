#include "readers/people.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/topic.hpp"

namespace ws_pubsub {

namespace {

// Identities that are sent away in one hold of the lock.
constexpr size_t kSentPerLock = 16;

} // namespace

// nullptr: nobody of it was heard of, or it is gone.
PeopleHost* People::find(uint64_t id) const
{
    auto& hosts = header_.cluster.people.hosts;
    auto* found =
        std::find_if(std::begin(hosts), std::end(hosts),
                     [&](const PeopleHost& host) { return host.id == id; });
    return found == std::end(hosts) ? nullptr : found;
}

// nullptr: there are too many.
PeopleHost* People::find_or_make(Transaction& tx, uint64_t id)
{
    if (PeopleHost* found = find(id)) {
        return found;
    }
    auto& hosts = header_.cluster.people.hosts;
    auto* unused = std::find_if(
        std::begin(hosts), std::end(hosts), [](const PeopleHost& host) {
            return host.id == 0 && host.people == nullptr;
        });
    if (unused == std::end(hosts)) {
        return nullptr;
    }
    tx.set(unused->id, id);
    tx.set(unused->heard_ms, header_.replica.time_ms);
    return unused;
}

void People::hear(Transaction& tx, uint64_t host, std::string_view topic,
                  std::string_view identity, uint32_t connections)
{
    // Who is asked tells of all that are there. What the log has told before
    // may be of somebody who has left in what Redis lost of it.
    if (host == 0 || is_reserved(topic) || header_.cluster.people.asks) {
        return;
    }
    PeopleHost* from = connections == 0 ? find(host) : find_or_make(tx, host);
    if (from == nullptr) {
        return;
    }
    Topic* record = connections == 0 ? topics_.records.find(topic)
                                     : topics_.records.find_or_make(tx, topic);
    if (record == nullptr) {
        return tx.rollback();
    }
    const auto place = from - header_.cluster.people.hosts;
    (void)presence_.hear(tx, *record, static_cast<WorkerId>(kFirstHost + place),
                         identity, connections);
}

void People::hear_alive(Transaction& tx, uint64_t host, bool asks)
{
    if (PeopleHost* from = find(host); from != nullptr && host != 0) {
        tx.set(from->heard_ms, header_.replica.time_ms);
    }
    if (is_own_host(host) && asks) {
        tx.set(header_.cluster.people.asks, false);
    }
    if (asks) {
        own_.tell_all(tx);
    }
}

void People::hear_leaving(Transaction& tx, uint64_t host)
{
    if (PeopleHost* from = find(host); from != nullptr && host != 0) {
        tx.set(from->id, uint64_t{0});
    }
}

void People::begin_anew()
{
    Transaction tx(access_);
    for (PeopleHost& host : header_.cluster.people.hosts) {
        if (host.id != 0) {
            tx.set(host.id, uint64_t{0});
        }
    }
    tx.set(header_.cluster.people.asks, true);
}

void People::note_silence(Transaction& tx, int64_t ms)
{
    for (PeopleHost& host : header_.cluster.people.hosts) {
        if (host.id != 0) {
            tx.set(host.heard_ms, host.heard_ms + ms);
        }
    }
}

bool People::end_some(Transaction& tx)
{
    size_t steps = kSentPerLock;
    for (PeopleHost& host : header_.cluster.people.hosts) {
        if (host.id != 0 &&
            host.heard_ms + kLogHostGoneMs <= header_.replica.time_ms) {
            tx.set(host.id, uint64_t{0});
        }
        for (; host.id == 0 && host.people != nullptr; steps--) {
            if (steps == 0) {
                return true;
            }
            presence_.send_away(tx, *host.people);
        }
    }
    return false;
}

} // namespace ws_pubsub
