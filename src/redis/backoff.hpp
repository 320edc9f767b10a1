// How long to wait before Redis is tried again.
//
// Refusals come at once: who tries again at once spins. Half of a pause is
// random, so that many hosts do not come back all together.
#pragma once

#include <cstdint>

namespace ws_pubsub::redis {

class Backoff {
public:
    static constexpr int64_t kLeastMs = 50;
    static constexpr int64_t kMostMs = 2000;

    // The pause after one more failure, half of it more or less. `random`: any
    // number.
    int64_t next_ms(uint32_t random);
    // It has worked.
    void reset() { pause_ms_ = kLeastMs; }

private:
    int64_t pause_ms_ = kLeastMs;
};

} // namespace ws_pubsub::redis
