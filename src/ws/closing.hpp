// How far a session is on its way to its end (RFC 6455 section 7), and what
// may be done there.
//
//   opening ─▶ open ─▶ closing ─▶ finished
//                 └─────────────────▲ the connection ended, without a Close
//
// It ends when both sides have said Close, or the peer has hung up, and what
// the peer is to get is written. A peer that has shut its side is still
// answered. One whose frames are not understood any more can't say Close: the
// connection is shut for writing, and ends when the peer ends it.
#pragma once

#include <cstdint>

namespace ws_pubsub {

class Closing {
public:
    [[nodiscard]] bool is_open() const { return state_ == State::open; }
    [[nodiscard]] bool is_closing() const { return state_ == State::closing; }
    [[nodiscard]] bool is_finished() const { return state_ == State::finished; }
    // What it is closed with; 0: it is open, or never was.
    [[nodiscard]] uint16_t code() const { return code_; }

    void open() { state_ = State::open; }
    // A Close with that code is about to be sent. REQUIRES: it is open.
    void begin(uint16_t code)
    {
        state_ = State::closing;
        code_ = code;
    }
    // It has ended. One that was not closed has the code for that.
    void finish();
    // It has ended before its peer knew of it.
    void abandon() { state_ = State::finished; }

    // --- what has happened
    void note_peer_close() { peer_closed_ = true; }
    // The peer's frames are not understood any more.
    void note_violation() { failing_ = true; }
    void note_half_close() { half_closed_ = true; }
    // The peer has shut its side.
    void note_input_end() { input_ended_ = true; }
    // Nothing can be read or written any more.
    void note_break() { broken_ = true; }
    [[nodiscard]] bool has_input_ended() const { return input_ended_; }
    [[nodiscard]] bool is_broken() const { return broken_; }

    // --- what may be done
    // Whether the connection can be shut for writing.
    [[nodiscard]] bool may_half_close() const
    {
        return !half_closed_ && !broken_;
    }
    // Whether it is to be now. `written`: all that was queued.
    [[nodiscard]] bool wants_half_close(bool written) const
    {
        return failing_ && is_said(written) && !has_peer_gone() &&
               may_half_close();
    }
    // Whether it is to finish. `unread`: of what has come something waits.
    [[nodiscard]] bool is_over(bool written, bool unread) const
    {
        return broken_ || (is_said(written) && has_peer_gone()) ||
               (is_open() && input_ended_ && !unread);
    }

private:
    enum class State : uint8_t { opening, open, closing, finished };

    [[nodiscard]] bool is_said(bool written) const
    {
        return is_closing() && written;
    }
    [[nodiscard]] bool has_peer_gone() const
    {
        return peer_closed_ || input_ended_;
    }

    uint16_t code_ = 0;
    State state_ = State::opening;
    bool peer_closed_ : 1 = false;
    bool failing_ : 1 = false;
    bool half_closed_ : 1 = false;
    bool input_ended_ : 1 = false;
    bool broken_ : 1 = false;
};

// One per session, among what a delivery touches.
static_assert(sizeof(Closing) == 4);

} // namespace ws_pubsub
