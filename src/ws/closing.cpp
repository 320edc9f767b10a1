// The end of a WebSocket session (RFC 6455 section 7): the part of Connection
// that says goodbye.
#include "ngx/ngx.hpp"

#include <algorithm>

#include "base/close_code.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

// Clients that are sent away together come back spread over this time.
constexpr int64_t kReconnectSpreadMs = 3000;

int64_t random_delay_ms()
{
    return static_cast<int64_t>(ngx_random()) % kReconnectSpreadMs;
}

} // namespace

// From here on nothing else is queued, and messages of the peer are ignored.
void Connection::begin_closing(uint16_t code)
{
    state_ = State::closing;
    close_code_ = code;
    session_.stop();
    arm_timer(ngx_exiting ? kExitCloseTimeoutMs : kCloseTimeoutMs);
    flush_soon();
}

// Before the peer sees our Close: whoever comes back then must find its place
// free.
void Connection::end_subscriptions()
{
    if (session_.subscriptions() > 0) {
        subscriptions_seen_ = session_.subscriptions();
        broker_.end_subscriptions(session_);
    }
}

void Connection::close(uint16_t code, std::string_view reason)
{
    if (state_ != State::open) {
        return;
    }
    begin_closing(code);
    if (code == kCloseTooSlow || code == kCloseNoPong) {
        session_.counters().dropped +=
            session_.outbox().drop_unwritten(writer_.pinned());
    }
    if (code == kCloseTooSlow) {
        broker_.store().counters(broker_.worker()).slow.add(1);
    }
    const FrameRef farewell =
        protocol_->farewell(code, reason, random_delay_ms());
    if (farewell) {
        session_.push(farewell);
    }
    session_.push(shared_.writer.make_close(code, reason));
}

// The peer's frames can't be trusted any more, not even a Close: after ours
// the connection is shut for writing, and ends when the peer ends it.
void Connection::violation(uint16_t code, std::string_view reason)
{
    failing_ = true;
    if (state_ == State::open) {
        close(code, reason);
    } else {
        flush_soon();
    }
}

void Connection::on_peer_close(uint16_t code)
{
    peer_closed_ = true;
    if (state_ == State::open) {
        begin_closing(code);
        session_.push(shared_.writer.make_close(code, {}));
    } else {
        flush_soon();
    }
}

void Connection::half_close()
{
    half_closed_ = true;
#if (NGX_HTTP_SSL)
    if (c_->ssl != nullptr) {
        // One try: the peer sees the end of the stream below anyway.
        SSL_shutdown(c_->ssl->connection);
        ERR_clear_error();
    }
#endif
    if (ngx_shutdown_socket(c_->fd, NGX_WRITE_SHUTDOWN) == -1) {
        broken_ = true;
    }
}

} // namespace ws_pubsub
