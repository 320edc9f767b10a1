// From an HTTP request to a WebSocket session: the part of Connection that
// still knows the request.
#include "ngx/ngx.hpp"

#include <algorithm>
#include <utility>

#include "ngx/guard.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

Connection::Connection(ngx_http_request_t* r, Registry& registry,
                       SessionLease lease, const SharedParts& shared,
                       const SessionSettings& settings, SessionOptions options,
                       const Upgrade& upgrade)
    : Receiver(shared, settings, upgrade.deflate.accepted), c_(r->connection),
      r_(r), peer_closed_(false), failing_(false), half_closed_(false),
      input_ended_(false), broken_(false), head_is_out_(false), alone_(false),
      client_(registry, std::move(lease), *this,
              Encoding{settings.protocol->dialect, upgrade.deflate.accepted},
              settings.client, std::move(static_cast<Admission&>(options))),
      protocol_(settings.protocol->make(client_, shared.writer, options.topic)),
      keepalive_(settings.keepalive, ngx_current_msec)
{
    event_.data = this;
    event_.handler = on_posted_event;
    event_.log = c_->log;
}

Connection* Connection::of(ngx_http_request_t* r)
{
    return static_cast<Connection*>(
        ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
}

ngx_int_t Connection::accept(ngx_http_request_t* r, Registry& registry,
                             const SharedParts& shared,
                             const SessionSettings& settings,
                             SessionOptions options, const Upgrade& upgrade)
{
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->connection->pool, 0);
    if (cleanup == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    SessionLease lease = registry.admit(settings.max_connections);
    if (!lease) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "ws_pubsub: ws_pubsub_connections reached");
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    auto* connection = new Connection(r, registry, std::move(lease), shared,
                                      settings, std::move(options), upgrade);
    cleanup->handler = on_pool_cleanup;
    cleanup->data = connection;
    ngx_http_set_ctx(r, connection, ngx_ws_pubsub_module);
    const ngx_int_t rc = connection->open(upgrade);
    if (rc != NGX_DONE) {
        connection->state_ = State::finished;
        connection->client_.leave();
    }
    return rc;
}

// NGX_DONE; or what the request is to be finished with.
ngx_int_t Connection::open(const Upgrade& upgrade)
{
    const std::string answer =
        shared().lws.handshake(upgrade.key, upgrade.deflate.accepted);
    if (answer.empty() || !add_answer_headers(answer, upgrade)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
#if (NGX_HTTP_SSL)
    if (c_->ssl != nullptr) {
        c_->ssl->buffer = 0; // what a session writes needs no collecting
    }
#endif
    begin(); // who has read the answer may count on its subscription
    const ngx_int_t rc = ngx_http_send_header(r_);
    if (rc == NGX_ERROR || rc > NGX_OK ||
        ngx_http_send_special(r_, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }
    take_over();
    return NGX_DONE;
}

// libwebsockets' answer goes through nginx, so that add_header, the log and
// filters see it.
bool Connection::add_answer_headers(std::string_view answer,
                                    const Upgrade& upgrade)
{
    r_->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r_->headers_out.status_line, "101 Switching Protocols");
    r_->headers_out.content_length_n = -1;
    r_->keepalive = 0;

    answer.remove_prefix(std::min(answer.find("\r\n") + 2, answer.size()));
    while (!answer.empty() && !answer.starts_with("\r\n")) {
        const size_t end = answer.find("\r\n");
        const std::string_view line = answer.substr(0, end);
        answer.remove_prefix(std::min(end + 2, answer.size()));
        const size_t colon = line.find(": ");
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string_view name = line.substr(0, colon);
        if (name != "Sec-WebSocket-Accept" && name != "Upgrade") {
            continue; // nginx or the lines below add the rest
        }
        if (!add_header(r_, name, line.substr(colon + 2))) {
            return false;
        }
    }
    const std::string_view subprotocol = settings().protocol->subprotocol;
    return (!upgrade.deflate.accepted ||
            add_header(r_, "Sec-WebSocket-Extensions",
                       upgrade.deflate.header)) &&
           (subprotocol.empty() ||
            add_header(r_, "Sec-WebSocket-Protocol", subprotocol));
}

// The session, before its peer knows of it. What it says waits for the answer.
void Connection::begin()
{
    if (c_->read->timer_set) {
        ngx_del_timer(c_->read);
    }
    state_ = State::open;
    arm_first_timer();
    protocol_->on_open();
}

void Connection::take_over()
{
    r_->main->count++; // kept until finish()

    ngx_buf_t* head = r_->header_in;
    begin_with({reinterpret_cast<char*>(head->pos),
                static_cast<size_t>(head->last - head->pos)});
    head->pos = head->last;

    if (c_->write->timer_set) {
        ngx_del_timer(c_->write);
    }
    take_events();
    r_->read_event_handler = on_request_read;
    r_->write_event_handler = on_request_write;
    c_->log->action = const_cast<char*>("serving a WebSocket");
    c_->idle = 1;
    if (ngx_tcp_nodelay(c_) != NGX_OK) {
        broken_ = true;
    }
    process_soon(&ngx_posted_events);
}

void Connection::arm_first_timer()
{
    const int64_t quiet_ms =
        keepalive_.interval_ms() > 0 ? keepalive_.interval_ms() : kNoLimit;
    const int64_t first_ms = std::min(quiet_ms, due_left_ms());
    if (first_ms != kNoLimit) {
        arm_timer(std::max<int64_t>(first_ms, 0));
    }
}

// But for where TLS has put its own in place of ours, for a while.
void Connection::take_events()
{
#if (NGX_HTTP_SSL)
    const bool reads =
        c_->ssl == nullptr || c_->ssl->saved_read_handler == nullptr;
    const bool writes =
        c_->ssl == nullptr || c_->ssl->saved_write_handler == nullptr;
#else
    const bool reads = true;
    const bool writes = true;
#endif
    if (reads) {
        c_->read->handler = on_read_event;
    }
    if (writes) {
        c_->write->handler = on_write_event;
    }
}

// What comes here came by nginx's own handlers, which a background subrequest
// has put in place.
void Connection::on_request_read(ngx_http_request_t* r)
{
    of(r)->take_events();
    on_read_event(r->connection->read);
}

void Connection::on_request_write(ngx_http_request_t* r)
{
    of(r)->take_events();
    on_write_event(r->connection->write);
}

// As long as background subrequests need the request and its connection.
void Connection::share_request()
{
    alone_ = r_->count == 1;
    if (background_ == nullptr && !alone_) {
        background_ = std::make_unique<BackgroundWatch>(*this);
        background_->note_timer(
            ngx_current_msec +
            static_cast<ngx_msec_t>(keepalive_.interval_ms()));
    }
    if (background_ != nullptr) {
        take_events();
        keep_timer();
    }
    if (alone_) {
        background_.reset();
    }
}

void Connection::keep_timer()
{
    if (c_->read->timer_set) {
        background_->note_timer(c_->read->timer.key);
    } else if (state_ != State::open || keepalive_.interval_ms() > 0 ||
               due_left_ms() != kNoLimit) {
        const auto left = static_cast<ngx_msec_int_t>(
            background_->timer_due_ms() - ngx_current_msec);
        arm_timer(std::max<ngx_msec_int_t>(left, 0));
    }
}

// The response head may still wait for the socket. True once it is out.
bool Connection::send_pending_header()
{
    if (head_is_out_) {
        return true;
    }
    const auto waits = [&] {
        return c_->buffered || r_->out != nullptr;
    };
    if (waits() && ngx_http_output_filter(r_, nullptr) == NGX_ERROR) {
        broken_ = true;
        return false;
    }
    if (waits()) {
        if (ngx_handle_write_event(c_->write, 0) != NGX_OK) {
            broken_ = true;
        }
        return false;
    }
    head_is_out_ = true;
    return true;
}

// The session has ended. nginx closes the connection when nothing needs the
// request any more.
void Connection::leave_request()
{
    c_->log->action = const_cast<char*>("closing a WebSocket");
    // With a response head that never went out nginx would wait for a write
    // event, whose handler is not its own any more.
    const bool head_is_out = !c_->buffered && r_->out == nullptr;
    background_.reset();
    if (r_->count > 1) {
        c_->read->handler = on_late_event;
        c_->write->handler = on_late_event;
        if (!half_closed_ && !broken_) {
            half_close(); // the peer need not wait
        }
    }
    ngx_http_finalize_request(r_, head_is_out ? NGX_OK : NGX_ERROR);
}

// The session has ended, but not all of its request.
void Connection::on_late_event(ngx_event_t* event)
{
    auto* c = static_cast<ngx_connection_t*>(event->data);
    auto* r = static_cast<ngx_http_request_t*>(c->data);
    if (c->close) { // worker_shutdown_timeout is over
        ngx_http_finalize_request(r->main, NGX_ERROR);
        ngx_http_run_posted_requests(c);
        return;
    }
    if ((ngx_event_flags & NGX_USE_LEVEL_EVENT) != 0 && event->active) {
        ngx_del_event(event, event->write ? NGX_WRITE_EVENT : NGX_READ_EVENT,
                      0);
    }
}

// ws_pubsub_log_at connect: the request is logged and its memory given back;
// from here on there is only the connection.
void Connection::let_request_go()
{
    ngx_http_request_t* r = r_;
    ngx_http_connection_t* hc = r->http_connection;
    r_ = nullptr;
    r->main->count = 0;
    ngx_http_free_request(r, 0);
    c_->data = this;

    auto* log = static_cast<ngx_http_log_ctx_t*>(c_->log->data);
    log->request = nullptr;
    log->current_request = nullptr;
    c_->log->action = const_cast<char*>("serving a WebSocket");

    // The buffers that nginx keeps for a next request.
    if (c_->buffer != nullptr && hc->nbusy == 0 &&
        ngx_pfree(c_->pool, c_->buffer->start) == NGX_OK) {
        c_->buffer->start = c_->buffer->end = nullptr;
        c_->buffer->pos = c_->buffer->last = nullptr;
    }
    for (ngx_chain_t* cl = hc->free; cl != nullptr; cl = cl->next) {
        ngx_pfree(c_->pool, cl->buf->start);
    }
    hc->free = nullptr;
#if (NGX_HTTP_SSL)
    if (c_->ssl != nullptr) {
        ngx_ssl_free_buffer(c_);
    }
#endif
}

} // namespace ws_pubsub
