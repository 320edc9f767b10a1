#include "broker/tracks.hpp"

#include <algorithm>

namespace ws_pubsub {

void Tracks::forget(LocalTopic& topic)
{
    const auto found = tracks_.find(&topic);
    if (found == tracks_.end()) {
        return;
    }
    if (found->second.missed_from != 0) {
        due_.erase({found->second.next_ms, &topic});
        std::erase(ready_, &topic);
    }
    tracks_.erase(found);
}

std::optional<int64_t> Tracks::next_due_ms() const
{
    return due_.empty() ? std::nullopt
                        : std::optional<int64_t>(due_.begin()->first);
}

void Tracks::miss(LocalTopic& topic, uint64_t from_seq)
{
    tracks_[&topic].missed_from = from_seq;
    ready_.push_back(&topic);
}

void Tracks::miss_until(LocalTopic& topic, uint64_t from_seq, int64_t due_ms)
{
    Track& track = tracks_[&topic];
    track.missed_from = from_seq;
    track.next_ms = due_ms;
    due_.emplace(due_ms, &topic);
}

void Tracks::advance(int64_t now_ms)
{
    while (!due_.empty() && due_.begin()->first <= now_ms) {
        ready_.push_back(due_.begin()->second);
        due_.erase(due_.begin());
    }
}

LocalTopic* Tracks::take_ready()
{
    if (ready_.empty()) {
        return nullptr;
    }
    LocalTopic* topic = ready_.front();
    ready_.pop_front();
    return topic;
}

} // namespace ws_pubsub
