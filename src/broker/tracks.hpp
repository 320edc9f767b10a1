// What a session has, and still has to get, of the topics whose messages it
// does not simply get one after the other: those that are conflated for it,
// that it wants at a lower rate, or as deltas.
//
// A topic of which the session has skipped messages waits: for its hour if its
// rate forbids more for now, then in a queue, oldest first, until the
// session's outbox is empty. Then the session gets the topic's latest message.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/delta_base.hpp"

namespace ws_pubsub {

struct LocalTopic;

struct Track {
    DeltaBase base;            // what it got last, if it takes deltas
    uint64_t skipped_from = 0; // the first seq that it skipped; 0: none
    int64_t next_ms = 0;       // its rate allows nothing before
    int64_t interval_ms = 0;   // the rate: one message in this time; 0: all
    bool delta = false;        // takes deltas
    bool is_ready = false;     // waits for nothing but an empty outbox,
    std::list<LocalTopic*>::iterator ready; // here
};

// Topics are keys only. Whoever lets go of a topic, forgets it here before.
class Tracks {
public:
    Track* find(LocalTopic& topic)
    {
        const auto found = tracks_.find(&topic);
        return found == tracks_.end() ? nullptr : &found->second;
    }
    // Makes it if need be; stays where it is until it is forgotten.
    Track& of(LocalTopic& topic) { return tracks_[&topic]; }
    void forget(LocalTopic& topic);
    [[nodiscard]] size_t size() const { return tracks_.size(); }
    // The topics that have one.
    [[nodiscard]] std::vector<LocalTopic*> topics() const;

    // Whether a topic waits for nothing but an empty outbox.
    [[nodiscard]] bool any_ready() const { return !ready_.empty(); }
    // When the next one will; nullopt: none waits for a time.
    [[nodiscard]] std::optional<int64_t> next_due_ms() const;

    // The session skips messages of the topic: it waits for an empty outbox, or
    // for a time, too. REQUIRES: the topic has a track, and none are skipped
    // yet.
    void skip(LocalTopic& topic, uint64_t from_seq);
    void skip_until(LocalTopic& topic, uint64_t from_seq, int64_t due_ms);
    // Those that waited for `now_ms` or before are ready.
    void advance(int64_t now_ms);
    // The one that is ready for longest, off the queue; nullptr: none is.
    LocalTopic* take_ready();

    int64_t timer_ms = 0; // in the pacer's timers; 0: it is in none

private:
    void make_ready(LocalTopic& topic, Track& track);

    std::unordered_map<LocalTopic*, Track> tracks_;
    std::list<LocalTopic*> ready_; // for longest first
    std::set<std::pair<int64_t, LocalTopic*>> due_;
};

} // namespace ws_pubsub
