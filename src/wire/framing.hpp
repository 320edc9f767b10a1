// What is put around words on their way to a peer: the port of a kind of
// connection.
//
//   protocol, dialect ── words ──▶ Framing ── frame ──▶ outboxes
//
// A protocol and its dialect make the words, and do not know what connections
// put around them: WebSocket frames, lines, events. A framing collects what is
// to go together, then hands it out as one: begin(), add()…, take().
//
// Thread safety: none; one for each worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/frame.hpp"

namespace ws_pubsub {

class Framing {
public:
    enum class Kind : uint8_t { text, binary };

    Framing() = default;
    Framing(const Framing&) = delete;
    Framing& operator=(const Framing&) = delete;
    virtual ~Framing() = default;

    // Forgets what was added without a take(): memory may have run out then.
    void begin() { bytes_.clear(); }
    // Words that are told apart from those before and after. `deflate`: the
    // peer takes them compressed, and they are where that is of use.
    virtual void add(Kind kind, std::string_view words, bool deflate) = 0;
    // All that was added; empty if nothing was. `messages`: as of Frame.
    FrameRef take(uint32_t messages);

    // These words alone.
    FrameRef make(Kind kind, std::string_view words, bool deflate)
    {
        begin();
        add(kind, words, deflate);
        return take(0);
    }

    // Gives back the memory that large frames took. REQUIRES: all was taken.
    virtual void shrink() { std::string().swap(bytes_); }

protected:
    // What was added, as it goes to the peer.
    std::string& bytes() { return bytes_; }

private:
    std::string bytes_;
};

} // namespace ws_pubsub
