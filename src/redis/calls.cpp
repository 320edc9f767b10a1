#include "redis/calls.hpp"

#include <utility>

namespace ws_pubsub::redis {

void Calls::add(Pipeline::Callback callback)
{
    waiting_.push_back(std::move(callback));
}

bool Calls::end_first(const Ending& ending)
{
    if (given_up_ > 0) {
        given_up_--;
        return false;
    }
    const Pipeline::Callback callback = std::move(waiting_.front());
    waiting_.pop_front();
    callback(ending);
    return true;
}

void Calls::give_up(std::string_view why)
{
    size_t left = waiting_.size(); // not those that are added meanwhile
    while (left-- > 0 && !waiting_.empty()) {
        const Pipeline::Callback callback = std::move(waiting_.front());
        waiting_.pop_front();
        given_up_++;
        Ending ending;
        ending.why = why;
        callback(ending);
    }
}

} // namespace ws_pubsub::redis
