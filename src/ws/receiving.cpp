// What comes from the client: the part of Connection from the socket to the
// protocol.
#include "ngx/ngx.hpp"

#include <array>

#include "base/close_code.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

// What one session takes before others have their turn: pieces of frames of
// so many bytes at most.
constexpr int kPiecesPerTurn = 512;
constexpr int kReadsPerTurn = 16;
constexpr size_t kReadBytes = 64UL * 1024;

// One for all sessions of the worker: it is empty between read events.
std::array<u_char, kReadBytes>& read_buffer()
{
    static std::array<u_char, kReadBytes> buffer;
    return buffer;
}

// A message in pieces that was larger than this does not keep its memory.
constexpr size_t kKeptMessageBytes = 4096;

} // namespace

void Connection::read()
{
    auto& buffer = read_buffer();
    for (int i = 0; i < kReadsPerTurn && c_->read->ready && !broken_ &&
                    !is_stalled(); // first what came before
         i++) {
        const ssize_t size = c_->recv(c_, buffer.data(), buffer.size());
        if (size == NGX_AGAIN) {
            break;
        }
        if (size <= 0) {
            broken_ = true;
            break;
        }
        keepalive_.heard(ngx_current_msec);
        take({reinterpret_cast<char*>(buffer.data()),
              static_cast<size_t>(size)});
    }
    if (!broken_ && ngx_handle_read_event(c_->read, 0) != NGX_OK) {
        broken_ = true;
    }
    if (is_stalled()) {
        process_soon(&ngx_posted_next_events);
    } else if (broken_ || has_input() || state_ == State::closing) {
        process_soon(&ngx_posted_events);
    }
}

// Whether it is worth reading on. `ready` is not all: before TLS reads more it
// may have to write (the answer to a KeyUpdate). Then nginx leaves `ready` set
// and puts a handler in place of ours that reads once the socket has room.
bool Connection::has_input() const
{
    const bool waits_for_room =
        c_->write->handler != on_write_event && !c_->write->ready;
    return c_->read->ready && !waits_for_room;
}

// Whether there is input that waits for the next turn.
bool Connection::is_stalled() const
{
    return !unread_.empty() || (state_ == State::open && protocol_->is_tired());
}

void Connection::begin_turn()
{
    if (state_ == State::open) {
        protocol_->begin_turn();
    }
    std::string unread;
    unread.swap(unread_);
    take(unread);
}

void Connection::take(std::string_view bytes)
{
    for (int i = 0; i < kPiecesPerTurn; i++) {
        if (state_ == State::open && protocol_->is_tired()) {
            break;
        }
        const FrameGuard::Event event = guard_.next(bytes);
        if (event.kind == FrameGuard::Kind::need_more) {
            return;
        }
        take_event(event);
    }
    unread_ = bytes;
}

void Connection::take_event(const FrameGuard::Event& event)
{
    switch (event.kind) {
    case FrameGuard::Kind::data:
        if (state_ == State::open) {
            take_data(event.bytes);
        }
        break;
    case FrameGuard::Kind::ping:
        if (state_ == State::open) {
            session_.send(
                shared_.writer.make(Opcode::pong, event.bytes, false));
        }
        break;
    case FrameGuard::Kind::close:
        on_peer_close(event.code);
        break;
    case FrameGuard::Kind::violation:
        violation(event.code, event.reason);
        break;
    case FrameGuard::Kind::pong:
    case FrameGuard::Kind::need_more:
        break;
    }
}

void Connection::take_data(std::string_view bytes)
{
    if (lws_ == nullptr) {
        lws_ = shared_.lws.lend(deflate_);
        if (lws_ == nullptr) {
            return violation(kCloseInternalError, "out of memory");
        }
    }
    if (!lws_->feed(bytes, *this)) {
        if (state_ == State::open) {
            violation(kCloseBadPayload, "bad compressed data");
        }
    } else if (!lws_->amid_message()) {
        shared_.lws.give_back(std::move(lws_));
    }
}

bool Connection::on_piece(const MessagePiece& piece)
{
    if (state_ != State::open) {
        return false;
    }
    LwsSession::Gathered& message = lws_->gathered();
    if (message.bytes.size() + piece.bytes.size() > max_message_) {
        violation(kCloseTooBig, "message too big");
        return false;
    }
    if (!piece.binary && (!message.utf8.feed(piece.bytes) ||
                          (piece.final && !message.utf8.complete()))) {
        violation(kCloseBadPayload, "text is not UTF-8");
        return false;
    }
    if (!piece.final) {
        message.bytes.append(piece.bytes);
        return true;
    }
    return end_message(piece, message);
}

bool Connection::end_message(const MessagePiece& piece,
                             LwsSession::Gathered& message)
{
    message.utf8.reset();
    if (message.bytes.empty()) {
        protocol_->on_message(piece.binary, piece.bytes);
    } else {
        message.bytes.append(piece.bytes);
        protocol_->on_message(piece.binary, message.bytes);
        message.bytes.clear();
        if (message.bytes.capacity() > kKeptMessageBytes) {
            message.bytes.shrink_to_fit();
        }
    }
    return state_ == State::open;
}

} // namespace ws_pubsub
