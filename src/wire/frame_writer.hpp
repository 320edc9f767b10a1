// Puts payloads into WebSocket frames, compressed where that is agreed on.
#pragma once

#include <string>
#include <string_view>

#include "wire/deflater.hpp"
#include "wire/frame.hpp"
#include "wire/ws_frame.hpp"

namespace ws_pubsub {

// Collects frames, then hands them out as one: begin(), add()…, take().
//
// Thread safety: none; one for each worker.
class FrameWriter {
public:
    // Forgets what was added without a take(): memory may have run out then.
    void begin() { bytes_.clear(); }
    void add(Opcode opcode, std::string_view payload, bool deflate);
    // All that was added; empty if nothing was.
    FrameRef take(uint32_t messages);

    // One frame.
    FrameRef make(Opcode opcode, std::string_view payload, bool deflate)
    {
        begin();
        add(opcode, payload, deflate);
        return take(0);
    }

    // A Close frame. `reason` is cut to what fits (RFC 6455 section 5.5), at
    // the end of a character. REQUIRES: it is UTF-8.
    FrameRef make_close(uint16_t code, std::string_view reason);

    // Gives back the memory that large frames took. REQUIRES: all was taken.
    void shrink()
    {
        std::string().swap(bytes_);
        std::string().swap(compressed_);
    }

private:
    Deflater deflater_;
    std::string bytes_;
    std::string compressed_;
};

} // namespace ws_pubsub
