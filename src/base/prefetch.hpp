// Memory that will be read soon, brought closer to the processor meanwhile.
#pragma once

#include <cstddef>

namespace ws_pubsub {

inline constexpr size_t kCacheLineBytes = 64;

// `address` need not be valid: nothing is read.
template <size_t lines>
inline void prefetch_lines(const void* address)
{
    for (size_t i = 0; i < lines; i++) {
        __builtin_prefetch(static_cast<const char*>(address) +
                           i * kCacheLineBytes);
    }
}

} // namespace ws_pubsub
