// What time does to topics: messages older than their topic's ttl go, and so
// does a topic that for its idle time nobody has published to or read.
//
// Nothing depends on how soon that happens: readers look at ages themselves,
// and see an old message as gone before it is. The work is done a few topics
// in each hold of the lock, by whichever worker comes first.
//
// All REQUIRE the lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shm/transaction.hpp"
#include "topics/layout.hpp"
#include "topics/readers.hpp"
#include "topics/tidying.hpp"
#include "topics/topic_records.hpp"

namespace ws_pubsub {

class Expiry {
public:
    // Topics looked at and items freed in one hold of the lock.
    static constexpr size_t kStepsPerLock = 64;

    Expiry(TopicsHeader& header, Readers& readers, TopicRecords& records,
           Tidying& tidying)
        : header_(header), readers_(readers), records_(records),
          tidying_(tidying)
    {}

    // Does some of what is due. True when there is more.
    bool expire_some(Transaction& tx, int64_t ticks_ms);
    // Does what is due in the topic, as far as `steps` suffice; each item freed
    // takes one. REQUIRES: it has a clock.
    void expire_topic(Transaction& tx, Topic& topic, int64_t ticks_ms,
                      size_t& steps);

private:
    TopicsHeader& header_;
    Readers& readers_;
    TopicRecords& records_;
    Tidying& tidying_;
};

} // namespace ws_pubsub
