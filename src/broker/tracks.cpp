#include "broker/tracks.hpp"

namespace ws_pubsub {

void Tracks::forget(LocalTopic& topic)
{
    const auto found = tracks_.find(&topic);
    if (found == tracks_.end()) {
        return;
    }
    const Track& track = found->second;
    if (track.is_ready) {
        ready_.erase(track.ready);
    } else if (track.skipped_from != 0) {
        due_.erase({track.next_ms, &topic});
    }
    tracks_.erase(found);
}

std::vector<LocalTopic*> Tracks::topics() const
{
    std::vector<LocalTopic*> all;
    for (const auto& [topic, track] : tracks_) {
        all.push_back(topic);
    }
    return all;
}

std::optional<int64_t> Tracks::next_due_ms() const
{
    return due_.empty() ? std::nullopt
                        : std::optional<int64_t>(due_.begin()->first);
}

void Tracks::skip(LocalTopic& topic, uint64_t from_seq)
{
    Track& track = tracks_[&topic];
    track.skipped_from = from_seq;
    make_ready(topic, track);
}

void Tracks::make_ready(LocalTopic& topic, Track& track)
{
    track.is_ready = true;
    track.ready = ready_.insert(ready_.end(), &topic);
}

void Tracks::skip_until(LocalTopic& topic, uint64_t from_seq, int64_t due_ms)
{
    Track& track = tracks_[&topic];
    track.skipped_from = from_seq;
    track.next_ms = due_ms;
    due_.emplace(due_ms, &topic);
}

void Tracks::advance(int64_t now_ms)
{
    while (!due_.empty() && due_.begin()->first <= now_ms) {
        LocalTopic* topic = due_.begin()->second;
        due_.erase(due_.begin());
        make_ready(*topic, tracks_[topic]);
    }
}

LocalTopic* Tracks::take_ready()
{
    if (ready_.empty()) {
        return nullptr;
    }
    LocalTopic* topic = ready_.front();
    ready_.pop_front();
    tracks_[topic].is_ready = false;
    return topic;
}

} // namespace ws_pubsub
