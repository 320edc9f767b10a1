// Frames as a client sends them, good and bad (RFC 6455 section 5.2). The first
// byte is given as it is; the masking key is always 01 82 04 F8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/ws_frame.hpp"

namespace ws_pubsub {

inline constexpr uint8_t kFin = kFrameFin;
inline constexpr uint8_t kText = 1;
inline constexpr uint8_t kBinary = 2;
inline constexpr uint8_t kClose = 8;
inline constexpr uint8_t kPing = 9;
inline constexpr uint8_t kPong = 10;

// A header with a length in a field of `wide` bytes (0: within byte 1).
inline std::string header(unsigned first, uint64_t length, size_t wide)
{
    const uint64_t form = wide == 0 ? length : wide == 2 ? 126U : 127U;
    std::string out = {static_cast<char>(first),
                       static_cast<char>(kFrameMask | form)};
    for (size_t i = wide; i > 0; --i) {
        out += static_cast<char>(length >> (8 * (i - 1)));
    }
    return out + "\x01\x82\x04\xF8";
}

inline std::string frame(unsigned first, std::string_view payload)
{
    const size_t size = payload.size();
    std::string out = header(first, size,
                             size < 126       ? 0
                             : size <= 0xFFFF ? 2
                                              : 8);
    const std::string mask = out.substr(out.size() - 4);
    for (size_t i = 0; i < size; ++i) {
        out += static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    return out;
}

inline std::string close_frame(unsigned code, std::string_view reason = "")
{
    std::string payload = {static_cast<char>(code >> 8),
                           static_cast<char>(code)};
    return frame(kFin | kClose, payload += reason);
}

} // namespace ws_pubsub
