// What lies in a zone for events: messages that tell a back end of sessions,
// of topics that somebody is subscribed to, and of what was published. The
// rules are those of readers/layout.hpp.
//
//   ZoneHeader ── events ── vacant ──▶ Occupancy …   nobody is subscribed now
//        │           └── courier    how far a back end has taken them
//        └── workers[] ── sessions ──▶ SessionRecord …
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/message.hpp"
#include "base/process.hpp"

namespace ws_pubsub {

struct Topic;

// The topics that events are in.
enum class EventTopic : uint8_t { sessions, topics, publishes };
inline constexpr size_t kEventTopics = 3;

[[nodiscard]] constexpr size_t index_of(EventTopic topic)
{
    return static_cast<size_t>(topic);
}

// A session that was told of, for who tells of its end should its worker die.
struct SessionRecord {
    SessionRecord* prev; // of its worker
    SessionRecord* next;
    int64_t since_ms; // in ticks
    uint32_t about_bytes;
    uint16_t worker;

    static size_t bytes_of(std::string_view about)
    {
        return sizeof(SessionRecord) + about.size();
    }
    // Members of a JSON object.
    [[nodiscard]] std::string_view about() const
    {
        return {reinterpret_cast<const char*>(this + 1), about_bytes};
    }
};

// That it was told that somebody is subscribed to the topic.
struct Occupancy {
    Topic* topic;
    Occupancy* prev; // of those that are vacant
    Occupancy* next;
    int64_t vacant_since_ms; // in ticks
    bool vacant;             // nobody is any more: to be told in a while
};

// Which worker does something for the zone; see readers/lease.hpp.
struct LeaseBook {
    ProcessId leader; // pid 0: nobody
    uint16_t slot;    // of the leader
    int64_t until_ms; // when it does not lead any more, in ticks
};

// Who carries events to a back end, and how far it has taken them.
struct CourierBook {
    LeaseBook lease;
    bool news; // there are events that its leader was woken for
    Position taken[kEventTopics];
    uint64_t events; // that were taken
    uint64_t lost;   // that were not there any more
    uint64_t failures;
};

struct EventBook {
    uint64_t lost;                 // events that there was no room for
    uint64_t untold[kEventTopics]; // of these, those that no later one has told
    Occupancy* vacant_head;        // for longest
    Occupancy* vacant_tail;
    CourierBook courier;
};

static_assert(sizeof(SessionRecord) == 32);
static_assert(sizeof(Occupancy) == 40);

} // namespace ws_pubsub
