// From the bytes of a connection to whole messages.
//
//   bytes ─▶ FrameGuard ─┬─ data ─▶ LwsSession ─▶ on_message()
//                        ├─ ping ──────────────▶ on_ping()
//                        ├─ close ─────────────▶ on_peer_close()
//                        └─ violation ─────────▶ violation()
//
// Control frames are not left to libwebsockets: it answers only the first
// ping of a burst, and forgets one that a Close follows.
//
// In a turn of the event loop so much is taken; the rest waits for the next.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/end_cause.hpp"
#include "ws/frame_guard.hpp"
#include "ws/lws_pool.hpp"
#include "ws/session_settings.hpp"

namespace ws_pubsub {

// Whoever has the connection derives from it, and gets the messages.
class Receiver : private MessageSink {
public:
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;
    ~Receiver() override = default;

protected:
    // Both outlive it. `deflate`: messages may be compressed.
    Receiver(const SharedParts& shared, const SessionSettings& settings,
             bool deflate);

    [[nodiscard]] const SharedParts& shared() const { return shared_; }
    [[nodiscard]] const SessionSettings& settings() const { return settings_; }

    // What came together with the request: for the first turn.
    void begin_with(std::string_view bytes) { unread_ = bytes; }
    // A new turn: takes what the one before has left.
    void begin_receiving();
    void receive(std::string_view bytes);
    // Forgets a message that is not whole. REQUIRES: not called from within
    // one of the functions below.
    void forget_message() { lws_.reset(); }

    // What is left of the time that a message may take; kNoLimit: it does not
    // count.
    [[nodiscard]] int64_t message_left_ms() const;
    // Whether there is input that waits for the next turn.
    [[nodiscard]] bool is_stalled() const
    {
        return !unread_.empty() || has_enough();
    }

private:
    // Whether messages are wanted; never again once they were not.
    [[nodiscard]] virtual bool is_open() const = 0;
    // Whether none is before the next turn.
    [[nodiscard]] virtual bool is_tired() const = 0;
    // A message has begun and is not whole yet: message_left_ms() counts.
    virtual void watch_message() = 0;
    // A whole message; text is valid UTF-8.
    virtual void on_message(bool binary, std::string_view payload) = 0;
    virtual void on_ping(std::string_view payload) = 0;
    virtual void on_peer_close(uint16_t code) = 0;
    // The peer's frames can't be trusted any more, not even a Close.
    virtual void violation(EndCause cause, std::string_view reason) = 0;

    // Whether there was enough input for this turn.
    [[nodiscard]] bool has_enough() const
    {
        return input_left_ <= 0 || (is_open() && is_tired());
    }
    void take_event(const FrameGuard::Event& event);
    void take_data(std::string_view bytes);
    bool on_piece(const MessagePiece& piece) override;
    void end_message(const MessagePiece& piece, LwsSession::Gathered& message);

    const SharedParts& shared_;
    const SessionSettings& settings_;
    FrameGuard guard_;
    std::unique_ptr<LwsSession> lws_; // lent, while amid a message
    std::string unread_;              // bytes that wait for the next turn
    int32_t input_left_ = 0;          // what may still come in this turn
    bool deflate_;
};

} // namespace ws_pubsub
