#include "redis/backoff.hpp"

#include <algorithm>

namespace ws_pubsub::redis {

int64_t Backoff::next_ms(uint32_t random)
{
    const int64_t pause_ms = pause_ms_;
    pause_ms_ = std::min(pause_ms * 2, kMostMs);
    return pause_ms / 2 + static_cast<int64_t>(random) % (pause_ms + 1);
}

} // namespace ws_pubsub::redis
