// What a host that follows a log says of itself to the others, by entries that
// the worker that follows appends: that it is there, who is subscribed on it,
// and which topics it has readers of that would be idle without.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "log/entry.hpp"
#include "log/log.hpp"
#include "log/people_teller.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

// What a host says of itself.
struct TailerHost {
    std::string name;
    uint64_t capacity_bytes = 0; // logical ones
};

class Announcer {
public:
    // All of them outlive it. `appending`: that of the worker's changes;
    // `host`: the host's own clock.
    Announcer(Store& store, const TailerHost& self, Log& appending,
              const Clock& host)
        : store_(store), self_(self), appending_(appending), host_(host),
          people_(store, host)
    {}

    // The host follows, maybe again: what was told may never come.
    void begin() { people_.begin(); }
    // Without the lock: whether something is to be told of people.
    [[nodiscard]] bool has_news() const { return people_.has_any(); }

    // Each says what can be said now. REQUIRES: the host follows.
    // That it is there, and has applied the log up to `position`: when that is
    // due.
    void say_alive(const LogId& position);
    // Of people: after it has said that it is there.
    void tell_news();
    // In entries of about 64 KB. What gets lost is no matter: the topics come
    // up again.
    void touch(const std::vector<std::string>& topics);
    // It is about to end.
    void leave(const LogId& position);

    // Another host has said that it is there.
    void hear(const AliveEntry& alive);
    // The names of those that are so no more; at most once a second any.
    std::vector<std::string> take_gone();

private:
    [[nodiscard]] bool may_append() const;
    void say(const LogId& position, bool leaving);

    Store& store_;
    const TailerHost self_;
    Log& appending_;
    const Clock& host_;
    PeopleTeller people_;
    int64_t alive_ms_ = 0;                  // when the host said so last
    int64_t looked_ms_ = 0;                 // for hosts that are gone
    std::map<uint64_t, std::string> names_; // of those that are there
};

} // namespace ws_pubsub
