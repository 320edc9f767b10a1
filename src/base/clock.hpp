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

    // Milliseconds since 1970, to be shown: it steps when the system's clock is
    // set.
    [[nodiscard]] virtual int64_t now_ms() const = 0;
    // Milliseconds since some time, the same one for all processes of the
    // machine: for ages and intervals. It never goes back, whatever becomes of
    // the system's clock.
    [[nodiscard]] virtual int64_t ticks_ms() const = 0;
};

} // namespace ws_pubsub
