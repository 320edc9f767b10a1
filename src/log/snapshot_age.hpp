// How much of a log came after the newest snapshot beside it, as a host that
// follows the log can tell: it counts what it applies, and remembers where in
// the log it had counted how much.
//
// Thread safety: none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "topics/replica_book.hpp"

namespace ws_pubsub {

class SnapshotAge {
public:
    // Places that are remembered; and how far they are from each other.
    static constexpr size_t kMostPlaces = 256;

    explicit SnapshotAge(uint64_t bytes_between) : between_(bytes_between) {}

    // An entry was applied; whether it changes what a snapshot has.
    void add(const LogId& id, size_t bytes, bool changes)
    {
        bytes_ += bytes;
        changed_ = changes ? id : changed_;
        if (places_.empty() || bytes_ - places_.back().bytes >= between_) {
            places_.push_back({id, bytes_});
        }
        if (places_.size() > kMostPlaces) {
            places_.pop_front();
        }
    }
    // What came after that entry; at most so much less as is between two
    // places. Where it is not known any more, all that was counted.
    [[nodiscard]] uint64_t bytes_after(const LogId& id) const
    {
        const auto place =
            std::find_if(places_.rbegin(), places_.rend(),
                         [&](const Place& one) { return one.id <= id; });
        return place == places_.rend() ? bytes_ : bytes_ - place->bytes;
    }
    [[nodiscard]] bool changed_after(const LogId& id) const
    {
        return !(changed_ <= id);
    }

private:
    struct Place {
        LogId id;
        uint64_t bytes;
    };

    const uint64_t between_;
    uint64_t bytes_ = 0;
    LogId changed_{};
    std::deque<Place> places_;
};

} // namespace ws_pubsub
