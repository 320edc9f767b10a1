// Who numbers what he appends to the log, and how far what came of it was
// applied: so what was appended twice is done once.
//
// Who has appended nothing for long is forgotten: nothing of his can be on its
// way any more.
//
// For one transaction. All REQUIRE the lock.
#pragma once

#include <cstdint>

#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class Origins {
public:
    Origins(TopicsHeader& header, Transaction& tx)
        : book_(header.replica), tx_(tx)
    {}

    // nullptr: nothing of it was applied, or it is forgotten.
    OriginRecord* find(uint64_t id) const;
    // A new one. nullptr when the zone is full.
    OriginRecord* make(uint64_t id, int64_t time_ms);
    // That was applied.
    void set_number(OriginRecord& origin, uint64_t number, int64_t time_ms);
    // Forgets all, up to `most`, and commits. True when there may be more.
    bool forget_all(size_t most);
    // Forgets those whose time is over, up to `most`, and commits. True when
    // there may be more.
    bool forget_some(int64_t time_ms, size_t most);

private:
    void forget_oldest();
    OriginRecord*& bucket(uint64_t id) const
    {
        return book_.origins[id % kOriginBuckets];
    }

    ReplicaBook& book_;
    Transaction& tx_;
};

} // namespace ws_pubsub
