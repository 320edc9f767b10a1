// The clock of a zone that follows a log: by it readers tell the ages of what
// the log has made. Of a zone that follows none it is the host's own.
//
// It shows the log's time, and what has passed on this host since that came. It
// decides nothing of what comes of an entry.
//
// Thread safety: one thread a process; it is read without the zone's lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/clock.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class LogClock final : public Clock {
public:
    LogClock(const Clock& host, TopicsHeader& header)
        : host_(host), book_(header.replica)
    {}

    [[nodiscard]] int64_t now_ms() const override { return host_.now_ms(); }
    [[nodiscard]] int64_t ticks_ms() const override
    {
        // Zero where there is no log.
        const std::atomic_ref<int64_t> offset(book_.clock_offset_ms);
        const int64_t now =
            host_.ticks_ms() + offset.load(std::memory_order_relaxed);
        return latest_ms_ = std::max(latest_ms_, now);
    }

private:
    const Clock& host_;
    ReplicaBook& book_;
    mutable int64_t latest_ms_ = INT64_MIN;
};

} // namespace ws_pubsub
