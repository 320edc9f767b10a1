// Who is subscribed to a topic by its name, on all workers.
//
// A worker keeps one record for each identity and topic, which counts the
// sessions. The first record of an identity in a topic makes it join, the end
// of the last one makes it leave. Each change is an event that waits until
// every worker with an interest in the topic has read it. The event of a leave
// is made together with the record: a zone that is full by then tells it, too.
//
// A topic that is not there has those of its selectors' workers told, too: that
// each of them has an interest in it lasts until nobody is present any more.
//
// Clients of a worker that ends, by a reload or because it was killed, come
// back to another one: their identities are away for a time, and nobody is
// told anything unless they stay away. Whichever worker finds the time over
// lets them leave.
//
// Other hosts of the zone are here as if each were a worker (readers/people),
// and are told of those on this one (readers/own_people).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "readers/inboxes.hpp"
#include "readers/layout.hpp"
#include "readers/own_people.hpp"
#include "readers/presence_events.hpp"
#include "readers/selectors.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// Who is subscribed to a topic by its name.
struct PresenceList {
    std::vector<std::string> who; // each once, in order
    uint64_t connections = 0;     // of all, also those that are not listed
    bool more = false;            // there may be more than those listed
};

class Presence {
public:
    Presence(ZoneAccess& access, ZoneHeader& header, TopicParts& topics,
             Inboxes& inboxes, Selectors& selectors, PresenceEvents& events,
             OwnPeople& own)
        : access_(access), header_(header), topics_(topics), inboxes_(inboxes),
          selectors_(selectors), events_(events), own_(own)
    {}

    // Each of these takes the lock.
    // One more session of that identity is subscribed to the interest's topic
    // by name. False when there is no room for subscribers.
    bool join(const Interest& interest, std::string_view identity);
    // One less. `expected_back`: the session ends with its worker, and its
    // identity leaves only if no other one comes for kPresenceGraceMs.
    void leave(const Interest& interest, std::string_view identity,
               bool expected_back = false);
    [[nodiscard]] PresenceList who(std::string_view path, size_t limit);

    // These REQUIRE it.
    // The identity has so many connections on another host (kFirstHost); 0: it
    // has left that. Commits. False: there is no room for subscribers.
    bool hear(Transaction& tx, Topic& topic, WorkerId host,
              std::string_view identity, uint32_t connections);
    // The identity's sessions on that worker ended with it: without others it
    // is away.
    void send_away(Transaction& tx, Present& present);
    // Lets those leave who are away for too long. True when there may be more.
    bool end_absences(Transaction& tx, int64_t ticks_ms);
    // The topic is to be freed: so is what it has of presence. False, and
    // nothing has changed, while somebody is present, or it has yet to be told
    // that nobody is subscribed any more.
    bool let_go(Transaction& tx, Topic& topic);

private:
    [[nodiscard]] uint64_t hash(const Topic& topic,
                                std::string_view identity) const;
    Present** bucket(uint64_t hash);
    Present* find(const Topic& topic, std::string_view identity,
                  std::optional<WorkerId> worker);
    Present* find_or_make(Transaction& tx, Topic& topic, WorkerId worker,
                          std::string_view identity);
    Present* make(Transaction& tx, Topic& topic, WorkerId worker,
                  std::string_view identity);
    Present*& owned_by(WorkerId worker);
    void set_connections(Transaction& tx, Present& present,
                         uint32_t connections);
    void end_absence(Transaction& tx, Topic& topic, std::string_view identity);
    void tell(Transaction& tx, Topic& topic, PresenceEvent& event);
    bool tell_join(Transaction& tx, Topic& topic, std::string_view identity);
    bool tell_absent(Transaction& tx, Topic& topic);
    void unlink_owned(Transaction& tx, Present& present);
    void free(Transaction& tx, Present& present);

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
    Inboxes& inboxes_;
    Selectors& selectors_;
    PresenceEvents& events_;
    OwnPeople& own_;
};

} // namespace ws_pubsub
