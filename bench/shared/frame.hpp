// WebSocket frames (RFC 6455 section 5.2), as far as the bench needs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ws_bench {

enum class Opcode : uint8_t {
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

struct FrameHeader {
    Opcode opcode;
    bool compressed; // RSV1
    size_t head;     // bytes of the header
    size_t length;   // bytes of the payload
};

// The header at the front of `bytes`, which a server sent; nullopt while it is
// not complete.
inline std::optional<FrameHeader> read_frame_header(std::string_view bytes)
{
    if (bytes.size() < 2) {
        return std::nullopt;
    }
    const auto byte = [&](size_t i) {
        return static_cast<unsigned char>(bytes[i]);
    };
    FrameHeader header{};
    header.opcode = static_cast<Opcode>(byte(0) & 15U);
    header.compressed = (byte(0) & 0x40U) != 0;
    header.head = 2;
    header.length = byte(1) & 127U;
    const size_t more = header.length < 126 ? 0 : header.length == 126 ? 2 : 8;
    if (more > 0) {
        if (bytes.size() < 2 + more) {
            return std::nullopt;
        }
        header.head += more;
        header.length = 0;
        for (size_t i = 0; i < more; i++) {
            header.length = header.length << 8U | byte(2 + i);
        }
    }
    return header;
}

// Appends a frame as a server sends it.
void append_server_frame(std::string& out, Opcode opcode,
                         std::string_view payload);
// Appends a frame as a client sends it: masked, with a key of zeros.
void append_client_frame(std::string& out, Opcode opcode,
                         std::string_view payload);

} // namespace ws_bench
