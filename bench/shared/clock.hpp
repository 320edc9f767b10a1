// The clock of all measurements.
#pragma once

#include <cstdint>
#include <ctime>

namespace ws_bench {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr int64_t kMillisecond = 1'000'000;

// Nanoseconds of the monotonic clock.
inline int64_t now_ns()
{
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

} // namespace ws_bench
