// The port through which the time comes in.
#pragma once

#include <cstdint>

namespace ws_pubsub {

class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    // Milliseconds since 1970.
    [[nodiscard]] virtual int64_t now_ms() const = 0;
    // Milliseconds since some time, for intervals: it never goes back.
    [[nodiscard]] virtual int64_t ticks_ms() const = 0;
};

} // namespace ws_pubsub
