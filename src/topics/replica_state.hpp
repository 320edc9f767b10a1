// What a zone's header says of the log that it follows, as a snapshot has it.
//
// For one transaction. All REQUIRE the lock.
#pragma once

#include <string_view>

#include "shm/transaction.hpp"
#include "topics/layout.hpp"
#include "topics/snapshot_format.hpp"

namespace ws_pubsub {

class ReplicaState {
public:
    ReplicaState(TopicsHeader& header, Transaction& tx)
        : header_(header), book_(header.replica), tx_(tx)
    {}

    // Whether nothing is there of an entry but of those up to the last one: not
    // what has to go before it, nor a part of what it does.
    static bool is_between_entries(const ReplicaBook& book)
    {
        return book.swept_ms == book.time_ms && book.done == 0;
    }

    // The text lives as long as the zone's does.
    [[nodiscard]] SavedReplica saved() const;
    // The zone is as far as that says, and nobody fills it any more.
    // `ticks_ms`: the time that its clock shows.
    void restore(const SavedReplica& saved, int64_t ticks_ms);
    // REQUIRES: it is no longer than one may be.
    void set_lineage(std::string_view lineage);

private:
    TopicsHeader& header_;
    ReplicaBook& book_;
    Transaction& tx_;
};

} // namespace ws_pubsub
