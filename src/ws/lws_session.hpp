// One WebSocket session's receiving side in libwebsockets.
#pragma once

#include <string>
#include <string_view>

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

class LwsSession {
public:
    LwsSession(LwsEngine& engine, MessageSink& sink)
        : engine_(engine), sink_(sink)
    {}
    // REQUIRES: not called from within on_piece().
    ~LwsSession();
    LwsSession(const LwsSession&) = delete;
    LwsSession& operator=(const LwsSession&) = delete;

    // Does the opening handshake for a valid key. The answer is the head of
    // the 101 response; empty when libwebsockets refuses.
    std::string open(std::string_view key, bool deflate);

    // Takes bytes of data frames, checked by a FrameGuard. False: the sink
    // wants no more, or the bytes can't be inflated.
    bool feed(std::string_view bytes);

    // --- for the shim and the callbacks of libwebsockets
    long receive(void* buffer, size_t size);
    void send(std::string_view bytes);
    void set_events(bool wanted, short events);
    bool on_receive(std::string_view bytes);
    void on_established() { established_ = true; }
    void on_destroyed() { wsi_ = nullptr; }

private:
    void service();
    void kill();

    LwsEngine& engine_;
    MessageSink& sink_;
    lws* wsi_ = nullptr;
    std::string_view input_; // what receive() gives out
    std::string answer_;     // what libwebsockets sends until established
    int descriptor_ = 0;
    short events_ = 0;
    bool established_ = false;
};

} // namespace ws_pubsub
