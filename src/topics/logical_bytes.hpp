// How much of a zone is in use as all hosts of a log count it: by what topics
// and keys are, not by what they take of a host's memory.
//
// It decides what a zone that follows a log has room for, so it is the same on
// all of them. History does not count: each host keeps as much of it as it has
// room for. Nor do reserved topics, which are each host's own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class LogicalBytes {
public:
    LogicalBytes(TopicsHeader& header, Transaction& tx)
        : book_(header.replica), tx_(tx)
    {}

    // Of a topic that exists, with its value; 0: of another one.
    static uint64_t of(Topic& topic);
    // Of its value alone.
    static uint64_t of_value(Topic& topic);
    static uint64_t of_topic(size_t path_bytes) { return 160 + path_bytes; }
    static uint64_t of_key(size_t key_bytes) { return 96 + key_bytes; }

    [[nodiscard]] bool has_room(int64_t growth) const
    {
        return growth <= 0 || book_.capacity_bytes == 0 ||
               book_.used_bytes + static_cast<uint64_t>(growth) <=
                   book_.capacity_bytes;
    }
    void grow(int64_t growth)
    {
        tx_.set(book_.used_bytes,
                book_.used_bytes + static_cast<uint64_t>(growth));
    }
    void shrink(uint64_t bytes)
    {
        if (bytes != 0) {
            tx_.set(book_.used_bytes, book_.used_bytes - bytes);
        }
    }

private:
    ReplicaBook& book_;
    Transaction& tx_;
};

} // namespace ws_pubsub
