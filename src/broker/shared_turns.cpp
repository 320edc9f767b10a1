#include "broker/shared_turns.hpp"

namespace ws_pubsub {

bool SharedTurns::begin(Work& work)
{
    while (waiting_.empty() && left_ > 0) {
        if (work.step(left_)) {
            return true;
        }
    }
    waiting_.push_back(&work);
    return false;
}

void SharedTurns::cancel(const Work& work)
{
    std::erase(waiting_, &work);
}

bool SharedTurns::run()
{
    left_ = kTopicsPerTurn;
    while (!waiting_.empty() && left_ > 0) {
        Work* work = waiting_.front();
        waiting_.pop_front();
        waiting_.push_back(work); // also if it fails half way
        if (work->step(left_)) {
            cancel(*work);
        }
    }
    return !waiting_.empty();
}

} // namespace ws_pubsub
