// What a turn of the event loop, or a step of long work, may still cost.
#pragma once

#include <algorithm>
#include <cstddef>

namespace ws_pubsub {

// The last step may cost more than what is left.
inline void spend(size_t& left, size_t cost)
{
    left -= std::min(left, cost);
}

} // namespace ws_pubsub
