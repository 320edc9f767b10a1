// The WebSocket frame header, as a server writes it (RFC 6455 section 5.2).
//
//   byte 0   FIN, RSV1 to RSV3, opcode (4 bits)
//   byte 1   MASK, length (7 bits): 126 and 127 say that the length follows,
//            in 2 or 8 bytes, most significant first
//
// Servers don't mask, and this one does not fragment.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ws_pubsub {

enum class Opcode : uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

inline constexpr uint8_t kFrameFin = 0x80;
inline constexpr uint8_t kFrameRsv1 = 0x40; // compressed (RFC 7692 section 6)
inline constexpr uint8_t kFrameRsv2 = 0x20;
inline constexpr uint8_t kFrameRsv3 = 0x10;
inline constexpr uint8_t kFrameOpcode = 0x0F;
inline constexpr uint8_t kFrameControl = 0x08; // the opcode bit of Close...Pong
inline constexpr uint8_t kFrameMask = 0x80;    // in byte 1
inline constexpr uint8_t kFrameLength = 0x7F;  // in byte 1
inline constexpr uint8_t kFrameLength16 = 126;
inline constexpr uint8_t kFrameLength64 = 127;

inline constexpr size_t kMaxServerHeader = 10;
inline constexpr size_t kMaxClientHeader = 14; // with the masking key

// Writes the header of a final, unmasked frame of `payload_len` bytes, in the
// shortest length encoding, to `out`, which has room for kMaxServerHeader
// bytes. Returns how many were written: 2, 4 or 10.
inline size_t encode_frame_header(char* out, Opcode opcode, bool rsv1,
                                  size_t payload_len)
{
    out[0] = static_cast<char>(kFrameFin | (rsv1 ? kFrameRsv1 : 0) |
                               static_cast<uint8_t>(opcode));
    if (payload_len < kFrameLength16) {
        out[1] = static_cast<char>(payload_len);
        return 2;
    }
    const bool is_short = payload_len <= UINT16_MAX;
    const size_t header = is_short ? 4 : kMaxServerHeader;
    out[1] = static_cast<char>(is_short ? kFrameLength16 : kFrameLength64);
    uint64_t rest = payload_len;
    for (size_t i = header; i > 2; --i) {
        out[i - 1] = static_cast<char>(rest & 0xFF);
        rest >>= 8;
    }
    return header;
}

} // namespace ws_pubsub
