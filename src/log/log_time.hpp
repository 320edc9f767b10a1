// What the log's time brings to a zone that follows a log: before an entry is
// applied, all that is due by its time has gone.
//
// When something goes must not depend on where it happens to be in the wheel,
// which is another place on each host. So topics are looked at by whole
// seconds: after a sweep what was due before the second at hand is gone, and
// nothing else.
//
// On the way the topics come up that this host's readers keep from being idle.
//
// For one hold of the lock. REQUIRES: nothing of the transaction is open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shm/transaction.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class LogTime {
public:
    // `touched`: gets the names of topics that are to be touched; those that
    // are not will be there again, a second later.
    LogTime(TopicParts& parts, Transaction& tx,
            std::vector<std::string>& touched)
        : parts_(parts), tx_(tx), touched_(touched)
    {}

    // Does what is due, as far as one hold of the lock allows, and commits.
    // False: there is more.
    bool sweep(int64_t time_ms);

private:
    bool sweep_topics(int64_t second_ms);
    void look_at(Topic& topic, int64_t second_ms, size_t& steps);
    void end_idle(Topic& topic, int64_t second_ms);

    TopicParts& parts_;
    Transaction& tx_;
    std::vector<std::string>& touched_;
};

} // namespace ws_pubsub
