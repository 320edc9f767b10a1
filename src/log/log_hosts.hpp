// The hosts that follow the log, and how much all of them have room for.
//
// A host that has said nothing for a while of the log's time is gone. What it
// had room for counts no more; but where nobody is left that stays as it was.
//
// For one transaction. All REQUIRE the lock.
#pragma once

#include <cstdint>

#include "log/entry.hpp"
#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class LogHosts {
public:
    LogHosts(TopicsHeader& header, Transaction& tx)
        : book_(header.replica), tx_(tx)
    {}

    // What a host says of itself. Where there are too many it is not heard.
    // True: it was not there before.
    bool hear(const AliveEntry& alive, int64_t time_ms);
    // Forgets those who are gone.
    void forget(int64_t time_ms)
    {
        if (book_.host_due_ms != 0 && book_.host_due_ms <= time_ms) {
            forget_due(time_ms);
        }
    }

private:
    HostRecord* find(uint64_t id);
    void put(HostRecord& host, const AliveEntry& alive, int64_t time_ms);
    void forget_due(int64_t time_ms);
    void update();

    ReplicaBook& book_;
    Transaction& tx_;
};

} // namespace ws_pubsub
