// What a session has, and still has to get, of the topics whose messages it
// does not simply get one after the other: those that are conflated for it,
// that it wants at a lower rate, or as deltas.
//
// A topic of which the session has missed messages waits: for its hour if its
// rate forbids more for now, then in a queue, oldest first, until the
// session's outbox is empty. Then the session gets the topic's newest message.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace ws_pubsub {

struct BaseText;
struct LocalTopic;

struct Track {
    uint64_t base = 0; // the seq of the text that it got last; 0: none
    std::shared_ptr<BaseText> base_text; // the same, if deltas may need it
    uint64_t missed_from = 0; // the first seq that it missed; 0: none
    int64_t next_ms = 0;      // its rate allows nothing before
    int64_t interval_ms = 0;  // the rate: one message in this time; 0: all
    bool delta = false;       // takes deltas

    void forget_base()
    {
        base = 0;
        base_text.reset();
    }
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

    // Whether a topic waits for nothing but an empty outbox.
    [[nodiscard]] bool any_ready() const { return !ready_.empty(); }
    // When the next one will; nullopt: none waits for a time.
    [[nodiscard]] std::optional<int64_t> next_due_ms() const;

    // REQUIRES: the topic has a track, and no missed messages yet.
    void miss(LocalTopic& topic, uint64_t from_seq);
    void miss_until(LocalTopic& topic, uint64_t from_seq, int64_t due_ms);
    // Those that waited for `now_ms` or before are ready.
    void advance(int64_t now_ms);
    // The one that is ready for longest, off the queue; nullptr: none is.
    LocalTopic* take_ready();

private:
    std::unordered_map<LocalTopic*, Track> tracks_;
    std::deque<LocalTopic*> ready_;
    std::set<std::pair<int64_t, LocalTopic*>> due_;
};

} // namespace ws_pubsub
