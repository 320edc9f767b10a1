#include "wire/frame_writer.hpp"

#include "base/close_code.hpp"
#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

// Smaller payloads gain nothing.
constexpr size_t kMinDeflateBytes = 64;

// The longest start of `text` in `bytes` that ends with a whole character.
// REQUIRES: `text` is UTF-8.
std::string_view cut(std::string_view text, size_t bytes)
{
    if (text.size() <= bytes) {
        return text;
    }
    while (bytes > 0 && (static_cast<uint8_t>(text[bytes]) & 0xC0) == 0x80) {
        bytes--;
    }
    return text.substr(0, bytes);
}

} // namespace

void FrameWriter::add(Opcode opcode, std::string_view payload, bool deflate)
{
    const bool compressed = deflate && compress(payload);
    if (compressed) {
        payload = compressed_;
    }
    char header[kMaxServerHeader];
    bytes().append(header, encode_frame_header(header, opcode, compressed,
                                               payload.size()));
    bytes().append(payload);
}

// Whether it is worth it.
bool FrameWriter::compress(std::string_view payload)
{
    compressed_.clear();
    return payload.size() >= kMinDeflateBytes &&
           deflater_.append(compressed_, payload);
}

FrameRef FrameWriter::make_close(uint16_t code, std::string_view reason)
{
    std::string payload;
    if (code != kCloseNoStatus) {
        payload += static_cast<char>(code >> 8);
        payload += static_cast<char>(code & 0xff);
        payload += cut(reason, kMaxControlPayload - 2);
    }
    return make(Opcode::close, payload, false);
}

} // namespace ws_pubsub
