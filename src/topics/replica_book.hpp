// What a zone's header says where its changes come from a log that several
// hosts share (log/applier.hpp). Of zeroes: the zone is this host's alone.
//
// All of it is the same on all hosts that have applied the log up to the same
// entry, but for what is said to be local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/limits.hpp"

namespace ws_pubsub {

// By which an entry stands in the log: the log's time when it came, and a
// number where there are several of one millisecond.
struct LogId {
    uint64_t ms;
    uint64_t number;

    bool operator==(const LogId&) const = default;
    bool operator<=(const LogId& other) const
    {
        return ms != other.ms ? ms < other.ms : number <= other.number;
    }
};

// Somebody who numbers what he appends to the log.
struct OriginRecord {
    OriginRecord* hash_next;
    OriginRecord* prev; // by when they were heard of
    OriginRecord* next;
    uint64_t id;
    uint64_t number;  // the last one; 0: none was applied yet
    int64_t heard_ms; // in the log's time
};

// A host that follows the log, as it has said of itself.
struct HostRecord {
    uint64_t id; // 0: nobody
    uint64_t capacity_bytes;
    uint64_t sessions;
    LogId position;
    int64_t heard_ms; // in the log's time
    uint64_t format;  // the newest that it reads
};

inline constexpr size_t kOriginBuckets = 64; // a power of two
inline constexpr size_t kLineageWords = 32;  // of the longest text

// Topics that are one host's alone, of a zone that others have too, get their
// epochs from here on: those that all have in common stay below.
inline constexpr uint64_t kLocalEpochs = uint64_t{1} << 61;

// In an entry's id a later time is none, and would leave no room for those to
// come.
inline constexpr uint64_t kMostLogTimeMs = uint64_t{1} << 52;

struct ReplicaBook {
    bool on;
    LogId last; // entry that was applied
    uint64_t last_nonce;
    int64_t time_ms;           // the log's
    int64_t swept_ms;          // the time up to which what was due may be gone
    int64_t clock_offset_ms;   // the log's time less this host's ticks; local
    uint64_t next_local_epoch; // local
    uint64_t used_bytes;       // logical ones, see topics/logical_bytes.hpp
    uint64_t capacity_bytes;   // 0: nobody has said any
    int64_t host_due_ms;       // when the first host is gone; 0: there is none
    uint64_t entries;          // of the log, ever
    uint64_t replacing;        // who fills the zone anew, which is no good
                               // until that is done; 0: nobody; local
    uint64_t replacements;     // how often that was begun; local
    uint64_t rewound;          // not 0: the log has lost what was applied here
                               // since its last term: another one has to begin;
                               // local
    LogId genesis;         // the last entry that began a log, and of another
    LogId before;          // log the last one before that; local, as the
    uint64_t before_nonce; // next
    uint64_t doing_nonce;  // of an entry of which
    uint64_t done;         // so many topics or people were
    uint64_t body_seed[2];
    uint64_t lineage_bytes;
    uint64_t lineage[kLineageWords];
    OriginRecord* origins[kOriginBuckets];
    OriginRecord* origin_head;
    OriginRecord* origin_tail;
    HostRecord hosts[kMaxLogHosts];

    // Whether it has anything of a log, and all of it.
    [[nodiscard]] bool has_position() const
    {
        return on && replacing == 0 && last.ms != 0;
    }
    // Nothing came since the log began.
    [[nodiscard]] bool is_at_genesis() const
    {
        return last.ms != 0 && last == genesis;
    }
    // Of the log, as of the last term that counted.
    [[nodiscard]] std::string_view lineage_text() const
    {
        return {reinterpret_cast<const char*>(lineage), lineage_bytes};
    }
};

static_assert(sizeof(OriginRecord) == 48);
static_assert(sizeof(HostRecord) == 56);

} // namespace ws_pubsub
