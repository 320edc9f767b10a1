// Who came to a topic, or left it, that its subscribers are not told of yet:
// that goes before anything else of the inbox, one change a step.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "readers/store.hpp"

namespace ws_pubsub {

struct LocalTopic;

class PresenceQueue {
public:
    // The topic that the changes are of; nullptr: there are none.
    [[nodiscard]] LocalTopic* topic() const { return topic_; }
    // REQUIRES: there are none before, and some now.
    void set(LocalTopic& topic, std::vector<PresenceChange> changes)
    {
        topic_ = &topic;
        changes_ = std::move(changes);
    }
    // The oldest one. Valid until the next call. REQUIRES: there is one.
    const PresenceChange& take() { return changes_[next_++]; }
    [[nodiscard]] bool empty() const { return next_ == changes_.size(); }
    void clear()
    {
        topic_ = nullptr;
        changes_ = {};
        next_ = 0;
    }

private:
    LocalTopic* topic_ = nullptr;
    std::vector<PresenceChange> changes_;
    size_t next_ = 0;
};

} // namespace ws_pubsub
