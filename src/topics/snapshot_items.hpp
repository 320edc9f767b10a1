// Puts messages of a snapshot into the logs of their topics.
//
// All REQUIRE the lock.
#pragma once

#include <cstdint>

#include "base/topic.hpp"
#include "shm/transaction.hpp"
#include "topics/snapshot_format.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// What ages that a snapshot tells are in the zone's ticks.
struct SavedTimes {
    // When it was written: as the host's own clock has it, and, where the
    // snapshot is of a log, as that has.
    int64_t host_ms = 0;
    int64_t log_ms = 0;
    // All is as the hosts of a log have it, who may have taken what no publish
    // takes.
    bool exact = false;

    [[nodiscard]] int64_t ticks_of(std::string_view topic, int64_t age_ms) const
    {
        return (exact && !is_reserved(topic) ? log_ms : host_ms) - age_ms;
    }
};

class SnapshotItems {
public:
    SnapshotItems(TopicParts& parts, const SavedTimes& times)
        : parts_(parts), times_(times)
    {}

    // To the front of the topic's log; the first one's place is the topic's
    // newest. False: there is no memory, or that is no message.
    bool add(Transaction& tx, Topic& topic, uint64_t seq,
             const SavedItem& saved);
    [[nodiscard]] const SavedTimes& times() const { return times_; }

private:
    TopicParts& parts_;
    const SavedTimes times_;
};

} // namespace ws_pubsub
