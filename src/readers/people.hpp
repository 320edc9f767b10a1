// What the log brings of people: those who are subscribed on other hosts count
// as if they were a worker's here (readers/presence), and what this host has
// told of its own has arrived.
//
// Nothing of it decides what comes of a change, so hosts may differ: where
// there is no room for somebody he is left out. And as nobody keeps all that
// was told, each host tells all of it again when there is one that may know
// nothing.
//
// The people of a host that is gone are away, and leave unless they come back
// on any host.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "readers/layout.hpp"
#include "readers/own_people.hpp"
#include "readers/presence.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class People {
public:
    People(ZoneAccess& access, ZoneHeader& header, TopicParts& topics,
           OwnPeople& own, Presence& presence)
        : access_(access), header_(header), topics_(topics), own_(own),
          presence_(presence)
    {}

    // Takes the lock. What is known of other hosts may be wrong from now on:
    // all of their people are away, and they are asked to tell of them.
    void begin_anew();
    // Without it: whether others have not been asked yet.
    [[nodiscard]] bool asks() const
    {
        const std::atomic_ref<bool> asks(header_.cluster.people.asks);
        return asks.load(std::memory_order_relaxed);
    }

    // These REQUIRE it.
    [[nodiscard]] bool is_own_host(uint64_t host) const
    {
        return host == header_.cluster.host;
    }
    // An identity has so many connections on another host; 0: it has left that.
    // Commits. REQUIRES: nothing of `tx` is open.
    void hear(Transaction& tx, uint64_t host, std::string_view topic,
              std::string_view identity, uint32_t connections);
    // The host is there. `asks`: it may know nothing of people, or others
    // nothing of its.
    void hear_alive(Transaction& tx, uint64_t host, bool asks);
    void hear_leaving(Transaction& tx, uint64_t host);
    // An entry of this host's own, of people, was applied. False: call again,
    // it takes longer. Commits.
    bool settle(Transaction& tx, uint64_t number)
    {
        return own_.settle(tx, number);
    }
    // For so long of the log's time nobody has said anything: then that says
    // nothing of a single host.
    void note_silence(Transaction& tx, int64_t ms);
    // Sends away some people of hosts that are gone. True when there may be
    // more.
    bool end_some(Transaction& tx);

private:
    [[nodiscard]] PeopleHost* find(uint64_t id) const;
    PeopleHost* find_or_make(Transaction& tx, uint64_t id);

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
    OwnPeople& own_;
    Presence& presence_;
};

} // namespace ws_pubsub
