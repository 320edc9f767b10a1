// What a snapshot says of the log that its zone follows, in records of their
// own; see topics/snapshot_format.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "topics/replica_book.hpp"

namespace ws_pubsub {

// What is said of them in topics/replica_book.hpp.
struct SavedReplica {
    LogId last{};
    uint64_t last_nonce = 0;
    int64_t time_ms = 0;
    int64_t swept_ms = 0;
    uint64_t next_epoch = 0;
    uint64_t used_bytes = 0;
    uint64_t capacity_bytes = 0;
    int64_t host_due_ms = 0;
    uint64_t entries = 0;
    uint64_t body_seed[2] = {};
    // Where `last` begins a log: what had been the last entry before, of
    // another one. Who has just that needs only the new one. Zeroes: nothing.
    LogId before{};
    uint64_t before_nonce = 0;
    std::string_view lineage;
    std::vector<HostRecord> hosts;
};

struct SavedOrigin {
    uint64_t id = 0;
    uint64_t number = 0;
    int64_t heard_ms = 0;
};

// Both as those of topics/snapshot_format.hpp.
std::optional<SavedReplica> take_replica(ByteReader& fields);
std::optional<SavedOrigin> take_origin(ByteReader& fields);

} // namespace ws_pubsub
