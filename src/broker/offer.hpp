// Messages that are being delivered, as each kind of subscriber gets them.
#pragma once

#include <vector>

#include "broker/encoder.hpp"
#include "broker/frame_cache.hpp"

namespace ws_pubsub {

struct Offer {
    const Batch& batch; // of it first … last - 1
    size_t first;
    size_t last;
    std::vector<TextMessage> texts; // one a message, if somebody takes deltas
    FrameCache data;
    FrameCache whole; // the first message as text, the others as deltas
    FrameCache delta; // the first, too: for who has the one before
};

} // namespace ws_pubsub
