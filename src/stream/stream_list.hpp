// The streams of a worker, which it ends when it is to end itself: all within a
// short time, at random, since their clients come back at once.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstdint>
#include <unordered_set>

namespace ws_pubsub {

class StreamSession;

class StreamList {
public:
    void add(StreamSession& session) { sessions_.insert(&session); }
    void remove(StreamSession& session) { sessions_.erase(&session); }
    // The worker is to end.
    void end_all() const;

private:
    std::unordered_set<StreamSession*> sessions_;
};

} // namespace ws_pubsub
