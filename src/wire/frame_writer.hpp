// The framing of WebSockets: words are frames' payloads, compressed where that
// is agreed on. It also makes the frames that connections send of themselves.
#pragma once

#include <string>
#include <string_view>

#include "wire/deflater.hpp"
#include "wire/framing.hpp"
#include "wire/ws_frame.hpp"

namespace ws_pubsub {

// Thread safety: none; one for each worker.
class FrameWriter final : public Framing {
public:
    void add(Kind kind, std::string_view words, bool deflate) override
    {
        add(kind == Kind::binary ? Opcode::binary : Opcode::text, words,
            deflate);
    }
    void add(Opcode opcode, std::string_view payload, bool deflate);

    using Framing::make;
    FrameRef make(Opcode opcode, std::string_view payload, bool deflate)
    {
        begin();
        add(opcode, payload, deflate);
        return take(0);
    }

    // A Close frame. `reason` is cut to what fits (RFC 6455 section 5.5), at
    // the end of a character. REQUIRES: it is UTF-8.
    FrameRef make_close(uint16_t code, std::string_view reason);

    void shrink() override
    {
        Framing::shrink();
        std::string().swap(compressed_);
    }

private:
    bool compress(std::string_view payload);

    Deflater deflater_;
    std::string compressed_;
};

} // namespace ws_pubsub
