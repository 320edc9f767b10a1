#include "ngx/ngx.hpp"

#include "ws/receiver.hpp"

#include "base/close_code.hpp"

namespace ws_pubsub {

namespace {

// What one session takes before others have their turn: so many bytes of
// messages, inflated. A piece of a frame costs some beside what is in it, and
// compressed bytes cost some also where nothing comes of them.
constexpr int32_t kInputBytesPerTurn = 128 * 1024;
constexpr int32_t kPieceCost = 256;
constexpr int32_t kDeflatedByteCost = 4;

// So many compressed bytes are taken in a step: 256 KB may come of them.
constexpr size_t kDeflatedStepBytes = 256;

// A message in pieces that was larger than this does not keep its memory.
constexpr size_t kKeptMessageBytes = 4096;

// The frame guard says what RFC 6455 says.
EndCause cause_of(uint16_t violation_code)
{
    switch (violation_code) {
    case kCloseTooBig:
        return EndCause::too_big;
    case kCloseBadPayload:
        return EndCause::bad_payload;
    default:
        return EndCause::protocol_error;
    }
}

} // namespace

Receiver::Receiver(const SharedParts& shared, const SessionSettings& settings,
                   bool deflate)
    : shared_(shared), settings_(settings),
      guard_({settings.client.max_message, deflate}), deflate_(deflate)
{}

void Receiver::begin_receiving()
{
    input_left_ = kInputBytesPerTurn;
    std::string unread;
    unread.swap(unread_);
    receive(unread);
}

void Receiver::receive(std::string_view bytes)
{
    const size_t step = deflate_ ? kDeflatedStepBytes : bytes.npos;
    while (!has_enough()) {
        std::string_view left = bytes.substr(0, step);
        const size_t offered = left.size();
        const FrameGuard::Event event = guard_.next(left);
        bytes.remove_prefix(offered - left.size());
        if (event.kind != FrameGuard::Kind::need_more) {
            input_left_ -= kPieceCost;
            take_event(event);
        } else if (bytes.empty()) {
            if (is_open() && message_left_ms() != kNoLimit) {
                watch_message();
            }
            return;
        }
    }
    unread_ = bytes;
}

int64_t Receiver::message_left_ms() const
{
    if (lws_ == nullptr || settings_.message_timeout_ms == 0) {
        return kNoLimit;
    }
    const uint64_t began_ms = lws_->gathered().began_ms;
    return settings_.message_timeout_ms -
           static_cast<int64_t>(ngx_current_msec - began_ms);
}

void Receiver::take_event(const FrameGuard::Event& event)
{
    switch (event.kind) {
    case FrameGuard::Kind::data:
        if (is_open()) {
            take_data(event.bytes);
        }
        break;
    case FrameGuard::Kind::ping:
        if (is_open()) {
            on_ping(event.bytes);
        }
        break;
    case FrameGuard::Kind::close:
        on_peer_close(event.code);
        break;
    case FrameGuard::Kind::violation:
        violation(cause_of(event.code), event.reason);
        break;
    case FrameGuard::Kind::pong:
    case FrameGuard::Kind::need_more:
        break;
    }
}

void Receiver::take_data(std::string_view bytes)
{
    if (lws_ == nullptr) {
        lws_ = shared_.lws.lend(deflate_);
        if (lws_ == nullptr) {
            return violation(EndCause::internal_error, "out of memory");
        }
        lws_->gathered().began_ms = ngx_current_msec;
    }
    if (deflate_) {
        input_left_ -= kDeflatedByteCost * static_cast<int32_t>(bytes.size());
    }
    if (!lws_->feed(bytes, *this)) {
        if (is_open()) {
            violation(EndCause::bad_payload, "bad compressed data");
        }
    } else if (!lws_->amid_message()) {
        shared_.lws.give_back(std::move(lws_));
    }
}

bool Receiver::on_piece(const MessagePiece& piece)
{
    if (!is_open()) {
        return false;
    }
    input_left_ -= static_cast<int32_t>(piece.bytes.size());
    LwsSession::Gathered& message = lws_->gathered();
    if (message.bytes.size() + piece.bytes.size() >
        settings_.client.max_message) {
        violation(EndCause::too_big, "message too big");
        return false;
    }
    if (!piece.binary && (!message.utf8.feed(piece.bytes) ||
                          (piece.final && !message.utf8.complete()))) {
        violation(EndCause::bad_payload, "text is not UTF-8");
        return false;
    }
    if (!piece.final) {
        message.bytes.append(piece.bytes);
        return true;
    }
    end_message(piece, message);
    return is_open();
}

void Receiver::end_message(const MessagePiece& piece,
                           LwsSession::Gathered& message)
{
    message.utf8.reset();
    if (message.bytes.empty()) {
        return on_message(piece.binary, piece.bytes);
    }
    message.bytes.append(piece.bytes);
    on_message(piece.binary, message.bytes);
    message.bytes.clear();
    if (message.bytes.capacity() > kKeptMessageBytes) {
        message.bytes.shrink_to_fit();
    }
}

} // namespace ws_pubsub
