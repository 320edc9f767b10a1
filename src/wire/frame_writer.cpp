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
    compressed_.clear();
    const bool compressed = deflate && payload.size() >= kMinDeflateBytes &&
                            deflater_.append(compressed_, payload);
    if (compressed) {
        payload = compressed_;
    }
    char header[kMaxServerHeader];
    bytes_.append(header, encode_frame_header(header, opcode, compressed,
                                              payload.size()));
    bytes_.append(payload);
}

FrameRef FrameWriter::take(uint32_t messages)
{
    if (bytes_.empty()) {
        return {};
    }
    FrameRef frame = FrameRef::make(bytes_, messages);
    bytes_.clear();
    return frame;
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
