// What lies in a shared zone where its changes come from a log that several
// hosts share: who brings them to this host, what those are answered who have
// appended them, and what hosts tell each other of people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/limits.hpp"
#include "base/message.hpp"
#include "base/result.hpp"
#include "readers/event_layout.hpp"
#include "topics/replica_book.hpp"

namespace ws_pubsub {

struct Present;
struct Topic;

enum class ClusterState : uint32_t {
    off,       // the zone is this host's alone
    joining,   // it is not yet, or no more, what the log has made
    following, // what the log brings is applied
    stuck      // and can't be: somebody has to look at it
};

// Whether clients are served: what the zone has is what there is.
inline bool is_served(ClusterState state)
{
    return state == ClusterState::off || state == ClusterState::following;
}

// What came of one of a worker's changes.
struct AnswerCell {
    uint64_t number; // as of EntryHead; 0: nothing yet
    uint64_t epoch;
    uint64_t seq;
    uint32_t subscribers;
    Errc error; // 0: none
    Cause cause;
};

// Of a worker. Its changes are answered in the order of their numbers, each in
// the cell that its number has, modulo kAnswerCells.
struct AnswerBook {
    uint64_t origin; // 0: it appends nothing
    uint64_t last;   // number that was answered
    AnswerCell* cells;
};

// How far others have been told of an identity.
enum class Telling : uint8_t {
    settled, // they know all that there is
    count,   // only how many connections it has is to be told
    news,    // it is to be told at once
    told,    // it was, in an entry that was not applied yet
    lost     // that entry may never come
};
inline constexpr size_t kTellings = 5;

// An identity that is subscribed to a topic by its name on this host, on
// whatever worker, as other hosts are told of it: until they know that it has
// left.
struct OwnPerson {
    OwnPerson* hash_next;
    OwnPerson* prev; // of those of the same Telling
    OwnPerson* next;
    Topic* topic;
    uint64_t hash;
    uint64_t number; // of the last entry that tells of it
    uint32_t connections;
    uint32_t told;  // how many of them, by that entry
    uint32_t round; // in which it was told of
    uint8_t identity_bytes;
    Telling telling; // where it is `lost` its number says so: it is `told`
    bool known;      // all have applied that entry
    bool expected;   // back: it has no connections, but has not left

    static size_t bytes_of(std::string_view identity)
    {
        return sizeof(OwnPerson) + identity.size();
    }
    std::string_view identity()
    {
        return {reinterpret_cast<const char*>(this + 1), identity_bytes};
    }
};

struct PersonList {
    OwnPerson* head;
    OwnPerson* tail;
};

// The people of another host. Without an id, those of one that is gone.
struct PeopleHost {
    uint64_t id;
    Present* people;
    int64_t heard_ms; // in the log's time
};

struct PeopleBook {
    OwnPerson** buckets; // as many as of presence; null: there was nobody yet
    PersonList lists[kTellings];
    uint64_t number; // of the last entry that was made of them
    uint64_t lost;   // of the last one that may never come
    uint32_t round;  // each of which tells of all people
    bool retelling;  // it is not over
    bool asks;       // others are to tell of all of theirs
    PeopleHost hosts[kMaxLogHosts];
};

struct ClusterBook {
    LeaseBook lease;    // to bring what the log has
    ClusterState state; // read without the lock, too
    uint64_t host;      // by which this host is known
    // The log's lineage whose term was applied: whoever is connected to it may
    // append. Empty: nobody.
    uint64_t ready_bytes;
    uint64_t ready[kLineageWords];
    int64_t tail_ms;       // in ticks: when nothing was left to be applied
    uint64_t logged_bytes; // about: that came after the newest snapshot
    uint64_t rollbacks;    // how often entries were lost that had been applied
    LogId snapshot;        // the newest one's position
    uint64_t snapshot_failures;
    PeopleBook people;

    [[nodiscard]] std::string_view ready_lineage() const
    {
        return {reinterpret_cast<const char*>(ready), ready_bytes};
    }
};

static_assert(sizeof(AnswerCell) == 32);
static_assert(sizeof(OwnPerson) == 64);
static_assert(kMaxIdentityBytes <= UINT8_MAX);

} // namespace ws_pubsub
