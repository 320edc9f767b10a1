// What lies in a shared zone.
//
//   ZoneHeader ── buckets ──▶ Topic ── hash_next ──▶ Topic …      by hash
//        │                      │
//        ├── first ──▶ Topic ── next[0] ──▶ Topic …      in path order
//        │                      │
//        │                      ├── head ──▶ Item ── next ──▶ … tail   (log)
//        │                      └── interests ──▶ Interest …    (a worker's)
//        ├── workers[] ── inbox ──▶ Interest ── inbox_next ──▶ …
//        ├── age ──▶ Item …       what may be evicted, oldest first
//        ├── wheel ──▶ TopicClock ── topic ──▶ Topic   what time will change
//        ├── selector_buckets ──▶ SelectorRecord …  who wants new topics
//        ├── presence_buckets ──▶ Present …  who is subscribed to what
//        ├── away ──▶ Present …   who is expected back
//        └── keys ──▶ KeyRecord … idempotency keys
//
// A topic's log holds what somebody may still need: the messages that its
// policy keeps, and those that a worker has not read yet. Items get positions
// that count up over the whole life of the Topic record, so that the end of
// one epoch and the start of the next stay in order. Items leave at the head
// only.
//
// Who may touch what: everything here, under the zone's lock and through a
// Transaction, by any worker; but an Interest's `token` means something to its
// own worker only, and a WorkerSlot's counters are written by their worker
// without the lock (atomically, each by one writer).
//
// All of it is trivially copyable; pointers are plain, because nginx maps a
// zone at one address in all processes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/limits.hpp"
#include "base/message.hpp"
#include "base/process.hpp"

namespace ws_pubsub {

struct Topic;
struct Interest;
struct TopicPresence;

enum class ItemKind : uint8_t { message, gone };

struct Item {
    Item* next;
    Item* prev;
    Item* age_prev;
    Item* age_next;
    Topic* topic;
    uint64_t pos;
    uint64_t epoch;
    uint64_t seq;
    int64_t time_ms;
    uint32_t payload_bytes;
    uint8_t content_type_bytes;
    PayloadKind payload_kind;
    ItemKind kind;
    bool aging; // is in the zone's age list

    static size_t bytes_of(std::string_view content_type,
                           std::string_view payload)
    {
        return sizeof(Item) + content_type.size() + payload.size();
    }

    // The content type, then the payload, follow the struct.
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    [[nodiscard]] std::string_view content_type() const
    {
        return {reinterpret_cast<const char*>(this + 1), content_type_bytes};
    }
    [[nodiscard]] std::string_view payload() const
    {
        return {reinterpret_cast<const char*>(this + 1) + content_type_bytes,
                payload_bytes};
    }
};

// That a worker wants a topic's messages, and how far it has read them.
struct Interest {
    Topic* topic;
    Interest* topic_next;
    Interest* worker_prev;
    Interest* worker_next;
    Interest* inbox_next;
    uint64_t cursor;          // position of the last item read
    uint64_t presence_cursor; // and of the last presence event
    uint64_t token; // the worker's own name for the topic; 0: not claimed yet
    uint32_t subscribers;
    uint16_t worker;
    bool in_inbox;
    bool dropped; // to be freed when the inbox is read
};

// What a topic's policy says about time, as of its last publish. Topics of
// which it says nothing have none.
//
// Times are the system's, in ms since 1970. When that clock is set back, what
// was published before stays longer by as much.
struct TopicClock {
    Topic* topic;
    TopicClock* prev; // in its slot of the wheel
    TopicClock* next;
    int64_t ttl_ms;    // 0: messages don't grow too old
    int64_t idle_ms;   // 0: the topic stays
    int64_t active_ms; // of the last publish, or when the last reader left
    uint16_t slot;     // kNoSlot: time will change nothing
};

inline constexpr size_t kWheelSlots = 1024; // a power of two
inline constexpr uint16_t kNoSlot = UINT16_MAX;

// See shm/wheel.hpp.
struct Wheel {
    int64_t tick; // the last second whose slot has had its turn
    TopicClock* slots[kWheelSlots];
};

inline constexpr size_t kMaxTopicLevels = 12;

// Exists while the topic does (epoch != 0) or a worker is interested.
struct Topic {
    Topic* hash_next;
    uint64_t hash;
    uint64_t epoch;
    uint64_t seq;
    uint64_t next_pos;
    Item* head;
    Item* tail;
    Interest* interests;
    TopicPresence* presence; // null: nobody was ever present
    TopicClock* clock;       // null: time changes nothing
    uint32_t keep;
    bool retain;
    uint8_t levels;
    uint8_t path_bytes;

    [[nodiscard]] int64_t ttl_ms() const
    {
        return clock == nullptr ? 0 : clock->ttl_ms;
    }

    // The links of each level of the path order, then the path.
    Topic** next() { return reinterpret_cast<Topic**>(this + 1); }
    std::string_view path()
    {
        return {reinterpret_cast<const char*>(next() + levels), path_bytes};
    }
};

// A join or a leave that some interested worker has not read yet.
struct PresenceEvent {
    PresenceEvent* next;
    uint64_t pos;
    uint16_t identity_bytes;
    bool join;

    std::string_view identity()
    {
        return {reinterpret_cast<const char*>(this + 1), identity_bytes};
    }
};

inline constexpr uint16_t kNoWorker = UINT16_MAX;

// That sessions of one identity on one worker are subscribed to a topic by its
// name. The identity is present as long as there is one such record.
//
// Where its last sessions ended with their worker it is away: expected back,
// without a worker and without connections.
struct Present {
    Present* hash_next;
    Present* topic_prev;
    Present* topic_next;
    Present* owner_prev; // of the worker's people, or of those who are away
    Present* owner_next;
    Topic* topic;
    PresenceEvent* leave; // to be told in the end, whatever room there is
    uint64_t hash;
    int64_t away_since_ms;
    uint32_t connections;
    uint16_t worker; // kNoWorker: it is away

    [[nodiscard]] std::string_view identity() const
    {
        return leave->identity();
    }
};

// What a topic has beside its log once somebody was present.
struct TopicPresence {
    Present* people;
    PresenceEvent* head;
    PresenceEvent* tail;
    uint64_t next_pos;
    uint64_t connections; // of all people
    uint32_t unread;      // events from head to tail
};

// That sessions of a worker are subscribed to a selector with wildcards, so
// that the worker is told of topics that come to be. Found by the text before
// the first wildcard, which is empty or ends with a slash.
//
// Or an overlap: that sessions of a worker are subscribed to all of several
// selectors, so that of each topic which matches more than one of them they
// are counted too often. Its text is theirs, a line each. It is found by what
// all but the selector of the shortest such text have in common.
struct SelectorRecord {
    SelectorRecord* hash_next;
    SelectorRecord* worker_prev;
    SelectorRecord* worker_next;
    uint64_t prefix_hash;
    uint32_t sessions;
    uint32_t text_bytes;
    uint16_t worker;
    uint8_t prefix_bytes;
    bool overlap;

    std::string_view text()
    {
        return {reinterpret_cast<const char*>(this + 1), text_bytes};
    }
    std::string_view prefix() { return text().substr(0, prefix_bytes); }
};

inline Position position_of(const Topic& topic)
{
    return {topic.epoch, topic.epoch == 0 ? 0 : topic.seq};
}

struct KeyRecord {
    KeyRecord* hash_next;
    KeyRecord* age_next;
    uint64_t hash;
    uint64_t epoch;
    uint64_t seq;
    uint64_t body_hash;
    int64_t expires_ms;
    uint32_t subscribers;
    uint32_t key_bytes;

    std::string_view key()
    {
        return {reinterpret_cast<const char*>(this + 1), key_bytes};
    }
};

// Written by one worker, read by all.
struct Counter {
    std::atomic<uint64_t> value;

    void add(uint64_t n) { value.store(get() + n, std::memory_order_relaxed); }
    void sub(uint64_t n) { add(0 - n); }
    [[nodiscard]] uint64_t get() const
    {
        return value.load(std::memory_order_relaxed);
    }
};

struct WorkerCounters {
    Counter sessions;
    Counter subscriptions;
    Counter delivered;
    Counter conflated;
    Counter slow;
};

struct WorkerSlot {
    ProcessId process; // pid 0: free
    int32_t wake_fd;
    SelectorRecord* selectors;
    Present* people;
    Interest* inbox_head;
    Interest* inbox_tail;
    Interest* interests;
    WorkerCounters counters;
};

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

struct ZoneTotals {
    uint64_t topics;
    uint64_t items;
    uint64_t published;
    uint64_t evicted;
    uint64_t expired;
    uint64_t refused;
    uint64_t repairs;
    uint64_t delivered; // by workers that have ended, as those below
    uint64_t conflated;
    uint64_t slow;
};

inline constexpr uint64_t kZoneMagic = 0x7773707562737562; // "wspubsub"
inline constexpr uint32_t kLayoutVersion = 4;

struct ZoneHeader {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t header_bytes;
    uint64_t zone_bytes;
    uint64_t seed;
    uint64_t next_epoch;
    UndoLog* undo;
    void* graveyard; // blocks to release, linked by their first word
    Topic** buckets;
    uint64_t bucket_count; // a power of two
    Topic* first[kMaxTopicLevels];
    Item* age_head;
    Item* age_tail;
    KeyRecord** key_buckets;
    uint64_t key_bucket_count; // a power of two
    KeyRecord* key_age_head;
    KeyRecord* key_age_tail;
    SelectorRecord** selector_buckets;
    uint64_t selector_bucket_count; // a power of two
    Present** presence_buckets;
    uint64_t presence_bucket_count; // a power of two
    Present* away_head;             // for longest
    Present* away_tail;
    Wheel wheel;
    uint64_t reserve_bytes; // not for messages: so that a full zone serves
    void* spare;            // a block, see shm/full.cpp; null: it is in use
    uint64_t spare_bytes;
    ZoneTotals totals;
    WorkerSlot workers[kMaxWorkers];
};

static_assert(std::is_standard_layout_v<ZoneHeader>);
static_assert(std::is_trivially_copyable_v<Item> && sizeof(Item) == 80);
static_assert(std::is_trivially_copyable_v<Topic> && sizeof(Topic) == 88);
static_assert(sizeof(Interest) == 72);
static_assert(sizeof(Present) == 80);
static_assert(sizeof(PresenceEvent) == 24);
static_assert(sizeof(TopicPresence) == 48);
static_assert(std::is_trivially_copyable_v<TopicClock>);
static_assert(sizeof(TopicClock) == 56);
static_assert(kWheelSlots < kNoSlot && kMaxWorkers < kNoWorker);
static_assert(sizeof(KeyRecord) == 64);
static_assert(sizeof(SelectorRecord) == 48);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

} // namespace ws_pubsub
