// What nobody needs any more goes: a little at a time, so that no hold of the
// lock lasts longer the more there is.
//
// Mostly that is what the change at hand made useless, a message or two. Where
// it is more, as when a topic with a long history is removed, the topic waits
// in the zone's list of untidy ones, and whoever looks after the zone goes on.
// What such a topic still holds is the first to go when the zone is full.
//
// All REQUIRE the lock.
#pragma once

#include <cstddef>

#include "shm/transaction.hpp"
#include "topics/layout.hpp"
#include "topics/readers.hpp"
#include "topics/topic_log.hpp"
#include "topics/topic_records.hpp"

namespace ws_pubsub {

class Tidying {
public:
    // Messages, and what readers have beside them, of one topic in a hold of
    // the lock; beside others.
    static constexpr size_t kAtATime = 1024;
    static constexpr size_t kBeside = 16;

    Tidying(TopicsHeader& header, Readers& readers, TopicRecords& records)
        : header_(header), readers_(readers), records_(records)
    {}

    // What nobody needs of the topic goes, up to `most` of it now; its record
    // stays. REQUIRES: nothing of `tx` is open.
    void tidy(Transaction& tx, Topic& topic, size_t most = kAtATime);
    // Commits, then the same.
    void commit(Transaction& tx, Topic& topic, size_t most = kAtATime)
    {
        tx.commit();
        tidy(tx, topic, most);
    }
    // The same after a change by which nobody may need the topic itself any
    // more: if so it goes, too, be it by somebody else where this worker dies
    // before.
    void commit_or_free(Transaction& tx, Topic& topic, size_t most = kAtATime);
    // What is left of the first untidy topic goes, as far as `steps` suffice.
    // REQUIRES: there is one.
    void tidy_first(Transaction& tx, size_t& steps);
    // True when there is more.
    bool tidy_some(Transaction& tx, size_t steps);

private:
    // False when there is more to go than `steps` suffice for.
    bool trim(Transaction& tx, Topic& topic, size_t& steps)
    {
        return TopicLog(header_, tx).trim(topic, readers_, steps) &&
               readers_.tidy(tx, topic, steps);
    }
    void add_untidy(Transaction& tx, Topic& topic);
    void finish_first(Transaction& tx);

    TopicsHeader& header_;
    Readers& readers_;
    TopicRecords& records_;
};

} // namespace ws_pubsub
