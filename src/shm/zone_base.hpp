// What every shared zone begins with: by what it is known, and what keeps it
// whole. The layers above put theirs behind it, see topics/layout.hpp and
// readers/layout.hpp.
//
// All that lies in a zone is trivially copyable; pointers are plain, because
// nginx maps a zone at one address in all processes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/keyed_hash.hpp"
#include "base/limits.hpp"

namespace ws_pubsub {

struct UndoEntry {
    uint64_t where; // address, with the width in the top byte
    uint64_t old;
};

// Enough for a new topic that all workers have subscribers of.
inline constexpr size_t kUndoEntries = kMaxWorkers * 24;

struct UndoLog {
    uint32_t count;
    UndoEntry entries[kUndoEntries];
};

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): made of zeroes
struct ZoneBase {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t header_bytes;
    uint64_t zone_bytes;
    HashKey hash_key; // of all that clients name
    UndoLog* undo;
    void* released;   // blocks to give back, linked by their first word
    uint64_t repairs; // of changes that a dead process left half done
};

} // namespace ws_pubsub
