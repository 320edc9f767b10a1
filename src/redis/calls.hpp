// Callbacks of commands that wait for their replies, in order; so that all can
// be told at once that nobody waits any more, though the replies still come.
//
// What is called back may add others. Thread safety: none.
#pragma once

#include <deque>
#include <string_view>

#include "redis/pipeline.hpp"

namespace ws_pubsub::redis {

class Calls {
public:
    void add(Pipeline::Callback callback);
    // The last one, which was not sent after all.
    void take_back() { waiting_.pop_back(); }
    // The ending of the first command that has not ended. False: it was given
    // up before.
    bool end_first(const Ending& ending);
    // Ends all. If a callback throws, those that are left wait on.
    void give_up(std::string_view why);

private:
    std::deque<Pipeline::Callback> waiting_;
    size_t given_up_ = 0; // whose replies come before those of `waiting_`
};

} // namespace ws_pubsub::redis
