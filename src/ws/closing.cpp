// The end of a WebSocket session (RFC 6455 section 7): the part of Connection
// that says goodbye.
#include "ngx/ngx.hpp"

#include <algorithm>

#include "ngx/log.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

// Clients that are sent away together come back spread over this time.
constexpr int64_t kReconnectSpreadMs = 3000;

// Between two looks at the system's clock, which may be set.
constexpr int64_t kLongestWaitMs = 60LL * 1000;

int64_t random_delay_ms()
{
    return static_cast<int64_t>(ngx_random()) % kReconnectSpreadMs;
}

} // namespace

// Until the client has something due; or less, so that the timer, which runs on
// another clock, looks again.
int64_t Connection::due_left_ms() const
{
    const int64_t left_ms = client_.due_left_ms();
    return left_ms == Credentials::kNever ? kNoLimit
                                          : std::min(left_ms, kLongestWaitMs);
}

// From here on nothing else is queued, and messages of the peer are ignored.
void Connection::begin_closing(uint16_t code)
{
    state_ = State::closing;
    close_code_ = code;
    session().stop();
    arm_timer(ngx_exiting ? kExitCloseTimeoutMs : kCloseTimeoutMs);
    flush_soon();
}

// One line for each session, whoever ends it. Whatever a client does is no
// more than information, and has its address.
void Connection::log_end(const char* how, uint16_t code,
                         std::string_view reason) const
{
    ngx_log_error(NGX_LOG_INFO, c_->log, 0, "ws_pubsub: %s with %ud%s%*s", how,
                  static_cast<unsigned>(code), reason.empty() ? "" : ": ",
                  reason.size(), reason.data());
}

void Connection::log_denial(const Denial& denial)
{
    log_info(c_->log, [&] { return text_of(denial); });
}

// Before the peer sees our Close: whoever comes back then must find its place
// free. False: there are more than one turn ends.
bool Connection::end_subscriptions()
{
    if (session().subscriptions() == 0) {
        return true;
    }
    subscriptions_seen_ = std::max(
        subscriptions_seen_, static_cast<uint32_t>(session().subscriptions()));
    return client_.end_subscriptions();
}

void Connection::close(EndCause cause, std::string_view reason)
{
    if (state_ != State::open) {
        return;
    }
    const uint16_t code = protocol_->close_code(cause);
    begin_closing(code);
    log_end("session closed", code, reason);
    if (cause == EndCause::too_slow || cause == EndCause::no_pong) {
        session().counters().dropped +=
            session().outbox().drop_unwritten(writer_.pinned());
    }
    if (cause == EndCause::too_slow) {
        client_.count_slow();
    }
    const FrameRef farewell =
        protocol_->farewell(cause, reason, random_delay_ms());
    if (farewell) {
        session().push(farewell);
    }
    session().push(shared().writer.make_close(code, reason));
}

// After our Close the connection is shut for writing, and ends when the peer
// ends it.
void Connection::violation(EndCause cause, std::string_view reason)
{
    failing_ = true;
    if (state_ == State::open) {
        close(cause, reason);
    } else {
        flush_soon();
    }
}

void Connection::on_peer_close(uint16_t code)
{
    peer_closed_ = true;
    if (state_ == State::open) {
        begin_closing(code);
        log_end("the client closed the session", code, {});
        session().push(shared().writer.make_close(code, {}));
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
