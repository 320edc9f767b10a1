// How messages look on the wire of a session.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ws_pubsub {

inline constexpr size_t kMaxDialects = 8;
inline constexpr size_t kMaxEncodings = 2 * kMaxDialects;

struct Encoding {
    uint8_t dialect = 0; // its number in the worker's Encoder
    bool deflated = false;

    bool operator==(const Encoding&) const = default;
    // Less than kMaxEncodings.
    [[nodiscard]] constexpr size_t index() const
    {
        return 2 * size_t{dialect} + (deflated ? 1 : 0);
    }
};

} // namespace ws_pubsub
