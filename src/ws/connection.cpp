#include "ngx/ngx.hpp"

#include "ws/connection.hpp"

#include <algorithm>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "base/close_code.hpp"
#include "ngx/guard.hpp"
#include "ws/socket_reader.hpp"

namespace ws_pubsub {

namespace {

// A message is late, but what has come of it waits for us: look again then.
constexpr int64_t kUnheardAgainMs = 100;

constexpr int kReadsPerTurn = 16;

} // namespace

Connection::~Connection()
{
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
    if (flush_place_ != FlushList::kNone) {
        shared().flushes.remove(*this, flush_place_);
    }
    if (state_ != State::finished) {
        protocol_.reset();
        client_.leave();
    }
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
    const bool done = guarded([&] {
        if (c->close) {
            self->on_worker_exit(c->error != 0);
        } else if (event->timedout) {
            event->timedout = 0;
            self->on_timer();
        } else {
            self->read();
        }
    });
    if (!done) {
        self->fail();
    }
}

void Connection::fail()
{
    broken_ = true;
    process_soon(&ngx_posted_next_events);
}

void Connection::on_write_event(ngx_event_t* event)
{
    of(event)->process_soon(&ngx_posted_events);
}

void Connection::on_posted_event(ngx_event_t* event)
{
    auto* self = static_cast<Connection*>(event->data);
    if (!guarded([&] { self->process(); })) {
        self->fail();
    }
}

void Connection::process_soon(ngx_queue_t* queue)
{
    if (!event_.posted) {
        ngx_post_event(&event_, queue);
    }
}

// nginx calls this outside of its event loop's turn: what is posted to the
// ordinary queue would wait for the next event.
void Connection::on_worker_exit(bool now)
{
    c_->close = 0;
    c_->idle = 0;
    if (state_ == State::open) {
        session().expect_back();
    }
    if (now) {
        broken_ = true; // worker_shutdown_timeout is over
    } else {
        close(EndCause::going_away, "the server is going away");
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
    if (client_.run_due()) {
        return;
    }
    const bool unheard = is_stalled() || may_have_input(c_, on_write_event);
    int64_t again_ms = std::min(message_left_ms(), due_left_ms());
    if (again_ms <= 0) {
        if (!unheard) {
            return close(EndCause::too_slow, "message not finished in time");
        }
        again_ms = kUnheardAgainMs;
    }
    if (keepalive_.interval_ms() > 0) {
        const Keepalive::Due due =
            keepalive_.due(ngx_current_msec, stream_ends(), unheard);
        if (due.action == Keepalive::Action::give_up) {
            return close(EndCause::no_pong, "no pong");
        }
        if (due.action == Keepalive::Action::ping) {
            session().push(shared().writer.make(Opcode::ping, {}, false));
        }
        again_ms = std::min(again_ms, due.again_ms);
    }
    if (again_ms != kNoLimit) {
        arm_timer(again_ms);
    }
}

// TLS adds a little to what the kernel holds, so that a little less seems to
// be taken than is: that only errs for as long as much is on its way.
StreamEnds Connection::stream_ends()
{
    int unacknowledged = 0;
    if (ioctl(c_->fd, SIOCOUTQ, &unacknowledged) == -1) {
        unacknowledged = 0;
    }
    return {c_->sent + static_cast<int64_t>(session().outbox().bytes()),
            c_->sent - unacknowledged};
}

// --- reading

void Connection::read()
{
    for (int i = 0; i < kReadsPerTurn && c_->read->ready && !broken_ &&
                    !is_stalled(); // first what came before
         i++) {
        const SocketInput input = read_socket(c_);
        if (input.kind != SocketInput::Kind::bytes) {
            input_ended_ |= input.kind == SocketInput::Kind::end;
            broken_ |= input.kind == SocketInput::Kind::failure;
            break;
        }
        keepalive_.heard(ngx_current_msec);
        receive(input.bytes);
    }
    if (!broken_ && ngx_handle_read_event(c_->read, 0) != NGX_OK) {
        broken_ = true;
    }
    if (wants_turn()) {
        process_soon(&ngx_posted_next_events);
    } else if (broken_ || input_ended_ || has_input() ||
               state_ == State::closing) {
        process_soon(&ngx_posted_events);
    }
}

// Whether it is worth reading on.
bool Connection::has_input() const
{
    return ws_pubsub::has_input(c_, on_write_event);
}

// Whether it needs the next turn; a client that has paused asks for it when it
// goes on.
bool Connection::wants_turn() const
{
    return is_stalled() && !(is_open() && client_.is_paused());
}

void Connection::begin_turn()
{
    if (state_ == State::open) {
        client_.begin_turn();
        protocol_->begin_turn();
    }
    begin_receiving();
}

// The timer, which may be set for a ping, looks at the message in time.
void Connection::watch_message()
{
    const int64_t left_ms = message_left_ms();
    const auto timer_ms =
        static_cast<ngx_msec_int_t>(c_->read->timer.key - ngx_current_msec);
    if (!c_->read->timer_set || timer_ms > left_ms) {
        arm_timer(std::max<int64_t>(left_ms, 0));
    }
}

void Connection::on_message(bool binary, std::string_view payload)
{
    protocol_->on_message(binary, payload);
}

void Connection::on_ping(std::string_view payload)
{
    session().send(shared().writer.make(Opcode::pong, payload, false));
}

// --- the one place where a session goes on, and ends

void Connection::process()
{
    if (state_ == State::finished) {
        return;
    }
    if (!alone_) {
        share_request();
    }
    begin_turn();
    if (state_ == State::closing) {
        forget_message();
        if (!end_subscriptions()) {
            return process_soon(&ngx_posted_next_events);
        }
    }
    write();
    const bool written = session().outbox().empty();
    if (state_ == State::closing && written) {
        if (peer_closed_ || input_ended_) {
            return finish();
        }
        if (failing_ && !half_closed_ && !broken_) {
            half_close();
        }
    }
    if (broken_ || (state_ == State::open && input_ended_ && !is_stalled())) {
        return finish();
    }
    if (state_ == State::open && settings().log_at_connect && r_ != nullptr &&
        alone_ && send_pending_header()) {
        let_request_go();
    }
    if (wants_turn()) {
        process_soon(&ngx_posted_next_events);
    } else if (!is_stalled() && has_input() && !c_->read->posted) {
        ngx_post_event(c_->read, &ngx_posted_next_events);
    }
}

std::string_view Connection::sendable() const
{
    const Outbox& outbox = session().outbox();
    const bool simple = state_ == State::open && !broken_ && head_is_out_ &&
                        !session().stalled() && outbox.frames() == 1 &&
                        c_->send == ngx_send;
    return simple ? outbox.front() : std::string_view();
}

bool Connection::on_sent(size_t sent)
{
    Outbox& outbox = session().outbox();
    c_->sent += static_cast<off_t>(sent);
    outbox.consume(sent);
    if (!outbox.empty() || session().wants_more()) {
        return false;
    }
    flush_place_ = FlushList::kNone;
    return true;
}

void Connection::flush()
{
    flush_place_ = FlushList::kNone;
    if (state_ != State::open) {
        return process();
    }
    write();
    if (broken_) {
        process_soon(&ngx_posted_events);
    }
}

bool Connection::offer_outbox()
{
    const size_t before = session().outbox().bytes();
    if (!writer_.write(c_, session().outbox())) {
        broken_ = true;
        return false;
    }
    session().offered(session().outbox().bytes() < before, shared().clock);
    return true;
}

void Connection::flush_now()
{
    if (!broken_ && head_is_out_ && !offer_outbox()) {
        process_soon(&ngx_posted_events);
    }
}

// What is written in one call is bounded by the outbox, and by what the broker
// gives one session, or all of them, in a turn.
void Connection::write()
{
    if (broken_ || !send_pending_header()) {
        return;
    }
    for (;;) {
        if (!offer_outbox()) {
            return;
        }
        if (session().lag() != Lag::none && session().has_room()) {
            client_.caught_up();
        }
        if (!session().wants_more()) {
            return;
        }
        const size_t before = session().outbox().bytes();
        client_.send_more();
        if (session().outbox().bytes() == before) {
            return;
        }
    }
}

// Ends the object's life, in most cases before it returns.
void Connection::finish()
{
    if (!end_subscriptions()) {
        return process_soon(&ngx_posted_next_events);
    }
    state_ = State::finished;
    if (close_code_ == 0) {
        close_code_ = kCloseAbnormal;
        log_end("session ended", close_code_,
                input_ended_ ? "the client left without a Close"
                             : "the connection broke");
    }
#if (NGX_HTTP_SSL)
    if (c_->ssl != nullptr && !session().outbox().empty()) {
        c_->ssl->no_send_shutdown = 1; // OpenSSL waits to write something else
    }
#endif
    protocol_.reset();
    client_.leave();
    session().outbox().clear();
    forget_message();
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
    leave_request();
    ngx_http_run_posted_requests(c);
}

} // namespace ws_pubsub
