#include "ngx/ngx.hpp"

#include "ws/connection.hpp"

#include <array>

#include "base/close_code.hpp"
#include "ngx/guard.hpp"
#include "proto/json_protocol.hpp"

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

Connection::~Connection()
{
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
    if (state_ != State::finished) {
        broker_.remove_session(session_);
    }
}

std::string_view Connection::protocol_name() const
{
    return plain_ ? "plain" : JsonProtocol::kName;
}

// --- nginx's events

Connection* Connection::of(ngx_event_t* event)
{
    auto* c = static_cast<ngx_connection_t*>(event->data);
    // While there is a request, nginx expects it in c->data.
    for (ngx_pool_cleanup_t* cleanup = c->pool->cleanup; cleanup != nullptr;
         cleanup = cleanup->next) {
        if (cleanup->handler == on_pool_cleanup) {
            return static_cast<Connection*>(cleanup->data);
        }
    }
    return nullptr;
}

void Connection::on_pool_cleanup(void* data)
{
    guarded([&] { delete static_cast<Connection*>(data); });
}

void Connection::on_read_event(ngx_event_t* event)
{
    Connection* self = of(event);
    auto* c = static_cast<ngx_connection_t*>(event->data);
    const bool done = guarded(
        [&] {
            if (c->close) {
                self->on_worker_exit(c->error != 0);
            } else if (event->timedout) {
                event->timedout = 0;
                self->on_timer();
            } else {
                self->read();
            }
            return true;
        },
        false);
    if (!done) {
        self->broken_ = true;
        self->process_soon(&ngx_posted_events);
    }
}

void Connection::on_write_event(ngx_event_t* event)
{
    of(event)->process_soon(&ngx_posted_events);
}

void Connection::on_posted_event(ngx_event_t* event)
{
    auto* self = static_cast<Connection*>(event->data);
    guarded([&] { self->process(); });
}

void Connection::process_soon(ngx_queue_t* queue)
{
    if (!event_.posted) {
        ngx_post_event(&event_, queue);
    }
}

void Connection::flush_soon()
{
    process_soon(&ngx_posted_events);
}

// nginx calls this outside of its event loop's turn: what is posted to the
// ordinary queue would wait for the next event.
void Connection::on_worker_exit(bool now)
{
    c_->close = 0;
    c_->idle = 0;
    if (state_ == State::open) {
        session_.expect_back();
    }
    if (now) {
        broken_ = true; // worker_shutdown_timeout is over
    } else {
        close(kCloseGoingAway, "the server is going away");
    }
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
    process_soon(&ngx_posted_next_events);
}

void Connection::arm_timer(int64_t ms)
{
    ngx_add_timer(c_->read, static_cast<ngx_msec_t>(ms));
}

void Connection::on_timer()
{
    if (state_ != State::open) {
        broken_ = true; // the peer has had its time to close
        process_soon(&ngx_posted_events);
        return;
    }
    const auto silent_ms = static_cast<int64_t>(ngx_current_msec - last_heard_);
    if (ping_sent_) {
        close(kCloseNoPong, "no pong");
    } else if (silent_ms >= ping_interval_ms_) {
        ping_sent_ = true;
        session_.push(shared_.writer.make(Opcode::ping, {}, false));
        arm_timer(ping_timeout_ms_);
    } else {
        arm_timer(ping_interval_ms_ - silent_ms);
    }
}

// --- the one place where a session goes on, and ends

void Connection::process()
{
    if (state_ == State::finished) {
        return;
    }
    begin_turn();
    if (state_ == State::closing) {
        lws_.reset();
        end_subscriptions();
    }
    write();
    const bool written = session_.outbox().empty();
    if (state_ == State::closing && written) {
        if (peer_closed_) {
            return finish();
        }
        if (failing_ && !half_closed_ && !broken_) {
            half_close();
        }
    }
    if (broken_) {
        return finish();
    }
    if (state_ == State::open && log_at_connect_ && r_ != nullptr &&
        send_pending_header()) {
        let_request_go();
    }
    if (is_stalled()) {
        process_soon(&ngx_posted_next_events);
    } else if (c_->read->ready && !c_->read->posted) {
        ngx_post_event(c_->read, &ngx_posted_next_events);
    }
}

void Connection::write()
{
    if (broken_ || !send_pending_header()) {
        return;
    }
    for (;;) {
        if (!writer_.write(c_, session_.outbox())) {
            broken_ = true;
            return;
        }
        session_.set_stalled(!session_.outbox().empty());
        if (!session_.wants_more()) {
            return;
        }
        const size_t before = session_.outbox().bytes();
        broker_.resume(session_);
        if (session_.outbox().bytes() == before) {
            return;
        }
    }
}

// Ends the object's life, in most cases before it returns.
void Connection::finish()
{
    state_ = State::finished;
    if (close_code_ == 0) {
        close_code_ = kCloseAbnormal;
    }
    end_subscriptions();
    broker_.remove_session(session_);
    session_.outbox().clear();
    lws_.reset();
    if (c_->read->timer_set) {
        ngx_del_timer(c_->read);
    }
    if (c_->read->posted) {
        ngx_delete_posted_event(c_->read);
    }
    c_->idle = 0;
    ngx_connection_t* c = c_;
    if (r_ == nullptr) {
        ngx_http_close_connection(c);
        return;
    }
    c->log->action = const_cast<char*>("closing a WebSocket");
    // With a response head that never went out nginx would wait for a write
    // event, whose handler is not its own any more.
    const bool head_is_out = !c->buffered && r_->out == nullptr;
    ngx_http_finalize_request(r_, head_is_out ? NGX_OK : NGX_ERROR);
    ngx_http_run_posted_requests(c);
}

// --- receiving

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
        last_heard_ = ngx_current_msec;
        ping_sent_ = false;
        take({reinterpret_cast<char*>(buffer.data()),
              static_cast<size_t>(size)});
    }
    if (!broken_ && ngx_handle_read_event(c_->read, 0) != NGX_OK) {
        broken_ = true;
    }
    if (is_stalled()) {
        process_soon(&ngx_posted_next_events);
    } else if (broken_ || c_->read->ready || state_ == State::closing) {
        process_soon(&ngx_posted_events);
    }
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
        if (state_ == State::open && !lws_->feed(event.bytes) &&
            state_ == State::open) {
            violation(kCloseBadPayload, "bad compressed data");
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

bool Connection::on_piece(const MessagePiece& piece)
{
    if (state_ != State::open) {
        return false;
    }
    if (message_.size() + piece.bytes.size() > max_message_) {
        violation(kCloseTooBig, "message too big");
        return false;
    }
    if (!piece.binary &&
        (!utf8_.feed(piece.bytes) || (piece.final && !utf8_.complete()))) {
        violation(kCloseBadPayload, "text is not UTF-8");
        return false;
    }
    return piece.final ? end_message(piece)
                       : (message_.append(piece.bytes), true);
}

bool Connection::end_message(const MessagePiece& piece)
{
    utf8_.reset();
    if (message_.empty()) {
        protocol_->on_message(piece.binary, piece.bytes);
    } else {
        message_.append(piece.bytes);
        protocol_->on_message(piece.binary, message_);
        message_.clear();
        if (message_.capacity() > kKeptMessageBytes) {
            message_.shrink_to_fit();
        }
    }
    return state_ == State::open;
}

} // namespace ws_pubsub
