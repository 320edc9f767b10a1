#include "ngx/ngx.hpp"

#include "ws/connection.hpp"

#include <linux/sockios.h>

#include "base/close_code.hpp"
#include "ngx/guard.hpp"
#include "proto/json_protocol.hpp"

namespace ws_pubsub {

Connection::~Connection()
{
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
    if (flush_place_ != FlushList::kNone) {
        shared_.flushes.remove(*this, flush_place_);
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
    const Keepalive::Due due = keepalive_.due(ngx_current_msec, stream_ends());
    if (due.action == Keepalive::Action::give_up) {
        return close(kCloseNoPong, "no pong");
    }
    if (due.action == Keepalive::Action::ping) {
        session_.push(shared_.writer.make(Opcode::ping, {}, false));
    }
    arm_timer(due.again_ms);
}

// TLS adds a little to what the kernel holds, so that a little less seems to
// be taken than is: that only errs for as long as much is on its way.
StreamEnds Connection::stream_ends()
{
    int unacknowledged = 0;
    if (ioctl(c_->fd, SIOCOUTQ, &unacknowledged) == -1) {
        unacknowledged = 0;
    }
    return {c_->sent + static_cast<int64_t>(session_.outbox().bytes()),
            c_->sent - unacknowledged};
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
    } else if (has_input() && !c_->read->posted) {
        ngx_post_event(c_->read, &ngx_posted_next_events);
    }
}

std::string_view Connection::sendable() const
{
    const Outbox& outbox = session_.outbox();
    const bool simple = state_ == State::open && !broken_ && head_is_out_ &&
                        !session_.stalled() && outbox.frames() == 1 &&
                        c_->send == ngx_send;
    return simple ? outbox.front() : std::string_view();
}

bool Connection::on_sent(size_t sent)
{
    Outbox& outbox = session_.outbox();
    c_->sent += static_cast<off_t>(sent);
    outbox.consume(sent);
    if (!outbox.empty() || session_.wants_more()) {
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

} // namespace ws_pubsub
