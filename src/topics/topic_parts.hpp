// What works on a zone's topics under its lock, put together: for what is in
// topics/, and for readers/, whose changes concern topics too.
#pragma once

#include "shm/zone_access.hpp"
#include "topics/change.hpp"
#include "topics/expiry.hpp"
#include "topics/idempotency_keys.hpp"
#include "topics/layout.hpp"
#include "topics/readers.hpp"
#include "topics/tidying.hpp"
#include "topics/topic_log.hpp"
#include "topics/topic_records.hpp"

namespace ws_pubsub {

// Whether the condition holds of the topic; nullptr: it has no record.
inline bool holds(const Condition& condition, const Topic* topic,
                  int64_t ticks_ms)
{
    return condition.kind == Condition::Kind::none ||
           condition.holds(TopicLog::exists(topic, ticks_ms),
                           topic == nullptr ? Position{} : position_of(*topic));
}

struct TopicParts {
    TopicParts(ZoneAccess& zone, TopicsHeader& zone_header, Readers& port)
        : access(zone), header(zone_header), readers(port),
          records(zone_header, port), tidying(zone_header, port, records),
          keys(zone_header), expiry(zone_header, port, records, tidying)
    {}

    ZoneAccess& access;
    TopicsHeader& header;
    Readers& readers;
    TopicRecords records;
    Tidying tidying;
    IdempotencyKeys keys;
    Expiry expiry;
};

} // namespace ws_pubsub
