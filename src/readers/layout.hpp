// What lies in a shared zone of those who read its topics, beside what
// topics/layout.hpp draws.
//
//   ZoneHeader ── workers[] ── inbox ──▶ Interest ── inbox_next ──▶ …
//        │                                  │
//        │        Topic ── interests ──▶ Interest …   one for each worker
//        │          └── presence ──▶ TopicPresence ── people ──▶ Present …
//        ├── selector_root ──▶ SelectorNode …  who wants new topics
//        │                        └── records ──▶ SelectorRecord …
//        ├── presence_buckets ──▶ Present …  who is subscribed to what
//        ├── away ──▶ Present …   who is expected back
//        ├── cluster  who brings what a log has, and what other hosts are told
//        │            of people; see readers/cluster_layout.hpp
//        ├── events   of which kind were lost; see readers/event_layout.hpp
//        └── orders ──▶ Order …   to all workers; their answers are in the
//                                 slot of who has asked: workers[] ── replies
//
// Who may touch what: everything here, under the zone's lock and through a
// Transaction, by any worker; but an Interest's `token` means something to its
// own worker only, and a WorkerSlot's counters are written by their worker
// without the lock (atomically, each by one writer).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/limits.hpp"
#include "base/process.hpp"
#include "readers/cluster_layout.hpp"
#include "readers/event_layout.hpp"
#include "readers/selector_layout.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

using WorkerId = uint16_t; // the number of its slot

// How a worker stands to what an interest has for it.
enum class ReadState : uint8_t {
    on,
    // What the zone had of the topic was replaced by what a snapshot has: the
    // worker has to say how far it had come (readers/resumption.hpp).
    displaced,
    doubtful, // the same; and what it had read may have been lost by the log
    dropped   // to be freed when the inbox is read
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
    ReadState reading;

    [[nodiscard]] bool is_dropped() const
    {
        return reading == ReadState::dropped;
    }
};

// A join or a leave that some interested worker has not read yet.
struct PresenceEvent {
    PresenceEvent* next;
    uint64_t pos;
    uint16_t identity_bytes;
    bool join;

    [[nodiscard]] size_t bytes() const
    {
        return sizeof(PresenceEvent) + identity_bytes;
    }
    std::string_view identity()
    {
        return {reinterpret_cast<const char*>(this + 1), identity_bytes};
    }
};

inline constexpr uint16_t kNoWorker = UINT16_MAX;

// The people of other hosts are listed as if each were one more worker: by its
// place in the PeopleBook, from here on.
inline constexpr uint16_t kFirstHost = kMaxWorkers;

// That sessions of one identity on one worker, or on another host, are
// subscribed to a topic by its name. The identity is present as long as there
// is one such record.
//
// Where its last sessions ended with their worker, or their host, it is away:
// expected back, without a worker and without connections.
struct Present {
    Present* hash_next;
    Present* topic_prev;
    Present* topic_next;
    Present* owner_prev; // of the worker's people, a host's, or those away
    Present* owner_next;
    Topic* topic;
    PresenceEvent* leave; // to be told in the end, whatever room there is
    uint64_t hash;
    int64_t away_since_ms;
    uint32_t connections;
    uint16_t worker; // or host; kNoWorker: it is away

    [[nodiscard]] std::string_view identity() const
    {
        return leave->identity();
    }
};

// What a topic has beside its log once somebody was present, or once it was
// told that somebody is subscribed.
struct TopicPresence {
    Present* people;
    PresenceEvent* head;
    PresenceEvent* tail;
    uint64_t next_pos;
    Occupancy* occupancy; // null: nobody was told that it is occupied
    uint32_t connections; // of all people
    uint32_t unread;      // events from head to tail
    uint64_t own;         // people of this host of whom others are told
};

// What an order is about. Only a list may be missed.
enum class OrderKind : uint8_t { list, close, unsubscribe, revoke };

// Something that every worker is to do for its sessions, until all have read it
// or its time is over.
struct Order {
    Order* prev;
    Order* next;
    uint64_t number;
    int64_t born_ms; // in the clock's ticks
    int64_t expires_ms;
    uint32_t argument_bytes;
    uint16_t asker; // the worker that waits for answers
    OrderKind kind;

    static size_t bytes_of(std::string_view argument)
    {
        return sizeof(Order) + argument.size();
    }
    std::string_view argument()
    {
        return {reinterpret_cast<const char*>(this + 1), argument_bytes};
    }
};

// What a worker has said to an order.
struct OrderReply {
    OrderReply* next;
    uint64_t order;
    uint32_t text_bytes;
    uint16_t worker;

    std::string_view text()
    {
        return {reinterpret_cast<const char*>(this + 1), text_bytes};
    }
};

struct OrderBook {
    Order* head; // by number
    Order* tail;
    uint64_t last; // number that was given
    uint64_t lost; // of the last that went before all had read it
    uint64_t bytes;
    uint64_t count;
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
    Counter refused_subscriptions; // subscriptions refused for want of room
    Counter hooks_pending;
    Counter hooks; // that were asked
    Counter hooks_denied;
    Counter hooks_failed;
    Counter pending;     // changes that were appended and are not answered
    Counter resent;      // that were appended again
    Counter unavailable; // that could not be done
    Counter unknown;     // of which it is not known whether they were done
};

struct WorkerSlot {
    ProcessId process; // pid 0: free
    int32_t wake;      // what wakes it, by a number of its own; -1: nothing
    bool ending;       // what it holds is being freed, by whoever has the time
    SelectorRecord* selectors;
    Present* people;
    SessionRecord* sessions; // only where events tell of them
    Interest* inbox_head;
    Interest* inbox_tail;
    Interest* interests;
    uint64_t first_order;  // of those that it may have asked for
    uint64_t order_cursor; // number of the last one that it has read
    OrderReply* replies;   // to orders of its own
    AnswerBook answers;    // to changes of its own
    WorkerCounters counters;
};

struct DeliveryTotals {
    uint64_t delivered;
    uint64_t conflated;
    uint64_t slow;
    uint64_t refused_subscriptions;
    uint64_t hooks;
    uint64_t hooks_denied;
    uint64_t hooks_failed;
    uint64_t resent;
    uint64_t unavailable;
    uint64_t unknown;
};

// What is known of the zone's snapshot file; see readers/snapshots.hpp.
struct SnapshotBook {
    LeaseBook lease;
    uint64_t owner;      // what this zone's snapshots are known by
    uint64_t generation; // of the newest one
    uint32_t slot;       // that it is in
    bool clean;          // what was loaded was complete
    bool fails;          // the last one could not be written
    bool due;            // the next one is, whatever the interval
    uint64_t jobs;       // that were begun; the last one counts
    uint64_t content;    // what the zone had when it was written
    int64_t written_ms;  // in ticks, as the next; or when the zone was loaded
    int64_t tried_ms;
    uint64_t bytes;
    uint64_t took_ms;
    uint64_t failures;
};

inline constexpr uint64_t kZoneMagic = 0x7773707562737562; // "wspubsub"
inline constexpr uint32_t kLayoutVersion = 15;

struct ZoneHeader : TopicsHeader {
    SelectorNode selector_root;
    SelectorNode** selector_buckets;
    uint64_t selector_bucket_count; // a power of two
    Present** presence_buckets;
    uint64_t presence_bucket_count; // a power of two
    Present* away_head;             // for longest
    Present* away_tail;
    OrderBook orders;
    EventBook events;
    SnapshotBook snapshots;
    ClusterBook cluster;
    DeliveryTotals ended; // of workers that have ended
    WorkerSlot workers[kMaxWorkers];
};

static_assert(std::is_trivially_copyable_v<TopicPresence>);
static_assert(sizeof(Interest) == 72);
static_assert(sizeof(Present) == 80);
static_assert(sizeof(PresenceEvent) == 24);
static_assert(sizeof(TopicPresence) == 56);
static_assert(sizeof(Order) == 48);
static_assert(sizeof(OrderReply) == 24);
static_assert(kFirstHost + kMaxLogHosts < kNoWorker);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

} // namespace ws_pubsub
