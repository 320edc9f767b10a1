// What a zone's header says of who may have how much of it, and has: the shares
// are dealt with in topics/shares.hpp. In bytes, as the heap takes them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace ws_pubsub {

struct KeyRecord;

// Who sent a publish with a key.
enum class KeyShare : uint8_t {
    application, // over HTTP
    client       // of a WebSocket
};
inline constexpr size_t kKeyShares = 2;

// The keys of one kind of owner, the oldest first.
struct KeyList {
    KeyRecord* head;
    KeyRecord* tail;
    uint64_t bytes;
    uint64_t dropped; // ever: how far what was the head has moved
};

struct ShareBook {
    uint64_t subscribers; // what they have together, at least
    uint64_t held_only;   // of it for nothing but what they hold
    uint64_t held_most;
    uint64_t held;
    uint64_t reading;
    uint64_t keys_most; // of each kind of owner
};

// What ws_pubsub_zone says of it, of a hundred.
struct SharePercents {
    uint32_t subscribers = kDefaultSubscribersPercent;
    uint32_t keys = kDefaultKeysPercent;
};

} // namespace ws_pubsub
