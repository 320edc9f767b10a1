// A rate limit: so many events a minute, and so many at once.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ws_pubsub {

struct Rate {
    uint32_t per_minute = 0; // 0: no limit
    uint32_t burst = 0;      // beyond the rate
};

// The rate is not kept with it, because many have the same: it is to be the
// same in each call.
class TokenBucket {
public:
    TokenBucket(const Rate& rate, int64_t now_ms)
        : tokens_(capacity(rate)), last_ms_(now_ms)
    {}

    // Takes a token if there is one. `now_ms` may stand still, not go back.
    bool take(const Rate& rate, int64_t now_ms)
    {
        if (rate.per_minute == 0) {
            return true;
        }
        const int64_t passed_ms = std::max<int64_t>(now_ms - last_ms_, 0);
        last_ms_ = now_ms;
        tokens_ = std::min(capacity(rate),
                           tokens_ + passed_ms * int64_t{rate.per_minute});
        if (tokens_ < kToken) {
            return false;
        }
        tokens_ -= kToken;
        return true;
    }

private:
    static constexpr int64_t kToken = 60000; // milliseconds of a minute

    [[nodiscard]] static int64_t capacity(const Rate& rate)
    {
        return (int64_t{rate.burst} + 1) * kToken;
    }

    int64_t tokens_;
    int64_t last_ms_;
};

} // namespace ws_pubsub
