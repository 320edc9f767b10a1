#include "proto/frame_writer.hpp"

#include "base/close_code.hpp"
#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

// Smaller payloads gain nothing.
constexpr size_t kMinDeflateBytes = 64;

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
        payload += reason.substr(0, kMaxControlPayload - 2);
    }
    return make(Opcode::close, payload, false);
}

} // namespace ws_pubsub
