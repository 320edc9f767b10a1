// What lies in a shared zone of topics.
//
//   TopicsHeader ── buckets ──▶ Topic ── hash_next ──▶ Topic …      by hash
//        │                        │
//        ├── first ──▶ Topic ── next[0] ──▶ Topic …       in path order
//        │                        │
//        │                        ├── head ──▶ Item ── next ──▶ … tail  (log)
//        │                        └── interests …      see readers/layout.hpp
//        ├── age ──▶ Item …       what may be evicted, oldest first
//        ├── untidy ──▶ Topic …   what is to be freed
//        ├── wheel ──▶ TopicClock ── topic ──▶ Topic   what time will change
//        ├── keys ──▶ KeyRecord … idempotency keys
//        ├── replica ──▶ OriginRecord …  see topics/replica_book.hpp
//        └── revocations ──▶ RevocationRecord … of tokens
//
// A topic's log holds what somebody may still need: the messages that its
// policy keeps, and those that a worker has not read yet. Items get positions
// that count up as long as there is the Topic record, so that the end of one
// life of the topic and the start of the next stay in order. Items leave at the
// head only.
//
// A topic lives from its first message until it is removed, and has one epoch
// all the while; but where messages of it may have been lost that somebody has
// seen, it goes on under another one (topics/forks.hpp).
//
// Who may touch what: everything here, under the zone's lock and through a
// Transaction, by any worker.
//
// Times are in the clock's ticks, which don't step with the system's clock, but
// for what is shown to users.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/limits.hpp"
#include "base/message.hpp"
#include "base/token_mark.hpp"
#include "shm/zone_base.hpp"
#include "topics/replica_book.hpp"
#include "topics/share_book.hpp"

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
    int64_t time_ms; // since 1970
    int64_t born_ms; // the same in ticks
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

// What a topic's policy says about time, as of its last publish. Topics of
// which it says nothing have none.
struct TopicClock {
    Topic* topic;
    TopicClock* prev; // in its slot of the wheel
    TopicClock* next;
    int64_t ttl_ms;    // 0: messages don't grow too old
    int64_t idle_ms;   // 0: the topic stays
    int64_t active_ms; // of the last publish, or when the last reader left
    uint16_t slot;     // kNoSlot: time will change nothing
    // Where the zone follows a log, as far as this host is concerned:
    bool half_over; // of the idle time; nobody read it then
    bool touch;     // is to be touched: its last reader has left
};

inline constexpr size_t kWheelSlots = 1024; // a power of two
inline constexpr uint16_t kNoSlot = UINT16_MAX;

// See topics/wheel.hpp.
struct Wheel {
    int64_t tick; // the last second of the clock's ticks whose slot has had its
                  // turn
    TopicClock* slots[kWheelSlots];
};

// A position at which a topic went on under another epoch.
struct ForkPoint {
    uint64_t epoch;
    uint64_t seq; // of the newest message then
};

inline constexpr size_t kMaxForkPoints = 4;

// What a topic that has forked has been.
struct TopicForks {
    uint64_t life;                    // the epoch with which the topic began
    uint64_t count;                   // of the points
    ForkPoint points[kMaxForkPoints]; // the newest ones, oldest first
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
    Interest* interests;     // see readers/layout.hpp, as the next
    TopicPresence* presence; // null: nobody was ever present
    TopicClock* clock;       // null: time changes nothing
    TopicForks* forks;       // null: it has none
    Topic* untidy_next;
    uint32_t keep;
    bool retain;
    bool untidy; // is in the zone's list of those
    uint8_t levels;
    uint8_t path_bytes;

    static size_t bytes_of(size_t levels, std::string_view path)
    {
        return sizeof(Topic) + levels * sizeof(Topic*) + path.size();
    }
    [[nodiscard]] size_t bytes() const
    {
        return sizeof(Topic) + levels * sizeof(Topic*) + path_bytes;
    }
    [[nodiscard]] int64_t ttl_ms() const
    {
        return clock == nullptr ? 0 : clock->ttl_ms;
    }
    // What tells this life of the topic from others by its name.
    [[nodiscard]] uint64_t life() const
    {
        return forks == nullptr ? epoch : forks->life;
    }

    // The links of each level of the path order, then the path.
    Topic** next() { return reinterpret_cast<Topic**>(this + 1); }
    std::string_view path()
    {
        return {reinterpret_cast<const char*>(next() + levels), path_bytes};
    }
};

inline Position position_of(const Topic& topic)
{
    return {topic.epoch, topic.epoch == 0 ? 0 : topic.seq};
}

// An idempotency key with its owner before it: see client/publish.
inline constexpr size_t kMaxOwnedKeyBytes =
    2 + kMaxIdentityBytes + kMaxIdempotencyKeyBytes;

struct KeyRecord {
    KeyRecord* hash_next;
    KeyRecord* age_next;
    uint64_t hash;
    uint64_t life; // of the topic
    uint64_t seq;
    uint64_t body_hash;
    int64_t expires_ms;
    uint32_t subscribers;
    uint16_t key_bytes;
    KeyShare owner;

    static size_t bytes_of(std::string_view key)
    {
        return sizeof(KeyRecord) + key.size();
    }
    std::string_view key()
    {
        return {reinterpret_cast<const char*>(this + 1), key_bytes};
    }
};

// Tokens that are no good any more.
struct RevocationRecord {
    RevocationRecord* next;
    uint64_t hash;
    int64_t before_ms; // since 1970
    int64_t expires_ms;
    int64_t ends_ms; // the same since 1970, for who lists it
    uint16_t text_bytes;
    Revocation::Of of;

    static size_t bytes_of(std::string_view text)
    {
        return sizeof(RevocationRecord) + text.size();
    }
    std::string_view text()
    {
        return {reinterpret_cast<const char*>(this + 1), text_bytes};
    }
};

inline constexpr size_t kRevocationBuckets = 256;

struct RevocationBook {
    RevocationRecord* buckets[kRevocationBuckets]; // by hash
    uint64_t count;
    uint64_t bytes;
    uint64_t swept;   // buckets of this round
    uint64_t changes; // ever
};

struct TopicTotals {
    uint64_t topics;
    uint64_t items;
    uint64_t published;
    uint64_t evicted;
    uint64_t expired;
    uint64_t refused;
};

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): made of zeroes
struct TopicsHeader : ZoneBase {
    uint64_t next_epoch;
    // Topics whose epoch is less have an older term's, and fork before their
    // next message.
    uint64_t term_epoch;
    uint64_t terms; // that have begun
    Topic** buckets;
    uint64_t bucket_count; // a power of two
    Topic* first[kMaxTopicLevels];
    uint64_t inserts; // of topics, ever
    Topic* untidy;    // who have more that nobody needs than could go at once
    Item* age_head;
    Item* age_tail;
    KeyRecord** key_buckets;
    uint64_t key_bucket_count; // a power of two
    KeyList keys[kKeyShares];
    Wheel wheel;
    ShareBook shares;
    RevocationBook revocations;
    ReplicaBook replica;
    void* spare; // a block, see topics/publishing.cpp; null: it is in use
    uint64_t spare_bytes;
    TopicTotals totals;
};

static_assert(std::is_trivially_copyable_v<TopicsHeader>);
static_assert(std::is_trivially_copyable_v<Item> && sizeof(Item) == 88);
static_assert(std::is_trivially_copyable_v<Topic> && sizeof(Topic) == 104);
static_assert(std::is_trivially_copyable_v<TopicClock>);
static_assert(sizeof(TopicClock) == 56);
static_assert(sizeof(TopicForks) == 80);
static_assert(kWheelSlots < kNoSlot);
static_assert(sizeof(KeyRecord) == 64);
static_assert(sizeof(RevocationRecord) == 48);

} // namespace ws_pubsub
