#include "base/quiet_time.hpp"

#include <algorithm>

namespace ws_pubsub {

namespace {

// Quiet is who used no more than this part of the time.
constexpr int64_t kQuietPart = 10;
// What uses less leaves nothing worth the while.
constexpr int64_t kLeastWorkMs = 50;
// Seldom is at most this often, and this part of the time.
constexpr int64_t kLeastGapMs = 5000;
constexpr int64_t kSpentPart = 1000;

} // namespace

bool QuietTime::has_come(int64_t now_ms, int64_t cpu_ms)
{
    const int64_t used_ms = cpu_ms - cpu_ms_;
    const bool quiet = used_ms * kQuietPart <= now_ms - looked_ms_;
    cpu_ms_ = cpu_ms;
    looked_ms_ = now_ms;
    work_ms_ += used_ms;
    return quiet && work_ms_ >= kLeastWorkMs && now_ms >= next_ms_;
}

void QuietTime::done(int64_t now_ms, int64_t took_ms)
{
    work_ms_ = 0;
    next_ms_ = now_ms + std::max(kLeastGapMs, took_ms * kSpentPart);
}

} // namespace ws_pubsub
