#include "token/key_set_clock.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace ws_pubsub {

void KeySetClock::note_good(int64_t now_ms)
{
    good_ms_ = now_ms;
    failures_ = 0;
}

// One that has become stale is missed more.
void KeySetClock::note_failed(int64_t now_ms)
{
    const bool has = has_set(now_ms);
    failures_ = has == had_set_ ? failures_ + 1 : 1;
    had_set_ = has;
}

int64_t KeySetClock::retry_ms(int64_t now_ms) const
{
    const bool has = has_set(now_ms);
    const int64_t most = has ? times_.interval_ms : kMostKeySetRetryMs;
    int64_t pause_ms = has ? kUnknownKidFetchMs : kLeastKeySetRetryMs;
    for (unsigned i = 1; i < failures_ && pause_ms < most; i++) {
        pause_ms *= 2;
    }
    return std::min(pause_ms, most);
}

int64_t KeySetClock::pause_ms(int64_t now_ms) const
{
    const int64_t pause_ms =
        failures_ == 0 ? times_.interval_ms : retry_ms(now_ms);
    return has_set(now_ms)
               ? std::min(pause_ms, *good_ms_ + times_.stale_ms - now_ms)
               : pause_ms;
}

bool KeySetClock::take_turn_for_unknown(int64_t now_ms)
{
    if (unknown_ms_ && now_ms - *unknown_ms_ < kUnknownKidFetchMs) {
        return false;
    }
    unknown_ms_ = now_ms;
    return true;
}

} // namespace ws_pubsub
