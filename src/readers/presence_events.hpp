// Joins and leaves in a topic, until every worker that is interested in it has
// read them.
//
// All REQUIRE the lock.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "readers/layout.hpp"
#include "shm/transaction.hpp"

namespace ws_pubsub {

// That an identity came to a topic, or has left it.
struct PresenceChange {
    bool join = false;
    std::string who;
};

class PresenceEvents {
public:
    explicit PresenceEvents(ZoneHeader& header) : header_(header) {}

    // nullptr when the zone is full.
    PresenceEvent* make(Transaction& tx, std::string_view identity, bool join);
    // REQUIRES: workers are interested in the topic, whom the caller tells; and
    // it has a TopicPresence.
    void append(Transaction& tx, Topic& topic, PresenceEvent& event);
    // What the interest's worker has not read yet.
    void read(Transaction& tx, Interest& interest,
              std::vector<PresenceChange>& out);
    // Frees the events that every interested worker has read; each takes one
    // of `steps`. False: there are more.
    bool trim(Transaction& tx, Topic& topic, size_t& steps)
    {
        return topic.presence == nullptr || topic.presence->head == nullptr ||
               trim_some(tx, topic, steps);
    }

private:
    bool trim_some(Transaction& tx, Topic& topic, size_t& steps);
    void drop_head(Transaction& tx, TopicPresence& presence);

    ZoneHeader& header_;
};

} // namespace ws_pubsub
