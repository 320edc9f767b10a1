// An open session of libwebsockets: it puts a client's message together.
//
// Between two messages it holds nothing that is a client's, since neither side
// of a connection takes compression contexts over. So it is not tied to a
// client: LwsPool lends it to whoever is amid a message.
#pragma once

#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "ws/lws_engine.hpp"

namespace ws_pubsub {

// A piece of a message, unmasked and inflated.
struct MessagePiece {
    std::string_view bytes;
    bool binary; // of the whole message
    bool final;  // ends the message
};

class MessageSink {
public:
    MessageSink() = default;
    MessageSink(const MessageSink&) = delete;
    MessageSink& operator=(const MessageSink&) = delete;
    virtual ~MessageSink() = default;

    // False: nothing more is wanted, ever.
    virtual bool on_piece(const MessagePiece& piece) = 0;
};

// Compressed messages are inflated in steps of so many bytes. What is still to
// come when all input is used up is less than the room: the rest of a match,
// 257 bytes, and as many matches of 258 bytes as 7 bits can ask for, 3.
inline constexpr unsigned kInflateStepBytes = 4096;
inline constexpr unsigned kInflateRoomBytes = 2048;

class LwsSession {
public:
    // `deflate`: its messages may be compressed.
    LwsSession(LwsEngine& engine, bool deflate)
        : engine_(engine), deflate_(deflate)
    {}
    // REQUIRES: not called from within on_piece().
    ~LwsSession();
    LwsSession(const LwsSession&) = delete;
    LwsSession& operator=(const LwsSession&) = delete;

    // Does the opening handshake for a valid key. The answer is the head of
    // the 101 response; empty when libwebsockets refuses.
    std::string open(std::string_view key);
    [[nodiscard]] bool deflate() const { return deflate_; }

    // Takes bytes of data frames, checked by a FrameGuard; the sink gets what
    // they hold. False: the sink wants no more, or the bytes can't be
    // inflated; then the session is of no more use.
    bool feed(std::string_view bytes, MessageSink& sink);
    // Whether what was fed ends within a message.
    [[nodiscard]] bool amid_message() const { return amid_message_; }
    // What the sink remembers of a message in pieces; empty between two.
    struct Gathered {
        std::string bytes;
        Utf8Validator utf8;
        uint64_t began_ms = 0; // the message, by the clock of the sink
    };
    Gathered& gathered() { return gathered_; }
    [[nodiscard]] const Gathered& gathered() const { return gathered_; }

    // --- for the shim and the callbacks of libwebsockets
    long receive(void* buffer, size_t size);
    void send(std::string_view bytes);
    void set_events(bool wanted, short events);
    bool on_receive(std::string_view bytes);
    void on_established() { established_ = true; }
    void on_destroyed() { wsi_ = nullptr; }

private:
    bool set_inflate_step();
    void service();
    void kill();

    LwsEngine& engine_;
    MessageSink* sink_ = nullptr; // during feed()
    lws* wsi_ = nullptr;
    std::string_view input_; // what receive() gives out
    std::string answer_;     // what libwebsockets sends until established
    int descriptor_ = 0;
    short events_ = 0;
    bool deflate_;
    bool established_ = false;
    bool amid_message_ = false;
    bool refused_ = false; // the sink wants no more
    Gathered gathered_;
};

} // namespace ws_pubsub
