// From an HTTP request to a WebSocket session: the part of Connection that
// still knows the request.
#include "ngx/ngx.hpp"

#include <algorithm>

#include "ngx/guard.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"
#include "proto/json_protocol.hpp"
#include "proto/plain_protocol.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

Encoding encoding_of(const SessionOptions& options, const Upgrade& upgrade)
{
    if (options.topic) {
        return upgrade.deflate.accepted ? Encoding::plain_deflated
                                        : Encoding::plain;
    }
    return upgrade.deflate.accepted ? Encoding::json_deflated : Encoding::json;
}

std::unique_ptr<Protocol> make_protocol(ClientContext context,
                                        const SessionOptions& options)
{
    if (options.topic) {
        return std::make_unique<PlainProtocol>(std::move(context),
                                               *options.topic);
    }
    return std::make_unique<JsonProtocol>(std::move(context));
}

} // namespace

Connection::Connection(ngx_http_request_t* r, Broker& broker,
                       const SharedParts& shared, const SessionOptions& options,
                       const Upgrade& upgrade)
    : c_(r->connection), r_(r), peer_closed_(false), failing_(false),
      half_closed_(false), log_at_connect_(options.log_at_connect),
      deflate_(upgrade.deflate.accepted), plain_(options.topic.has_value()),
      broken_(false), head_is_out_(false),
      session_(*this, encoding_of(options, upgrade), options.limits,
               options.identity),
      broker_(broker), shared_(shared),
      guard_({options.max_message, upgrade.deflate.accepted}),
      protocol_(make_protocol({broker, session_, *this, shared_.writer,
                               shared_.clock, options.permissions, options.rate,
                               options.max_message},
                              options)),
      max_message_(options.max_message),
      keepalive_(options.ping_interval_ms, options.ping_timeout_ms,
                 ngx_current_msec)
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

ngx_int_t Connection::accept(ngx_http_request_t* r, Broker& broker,
                             const SharedParts& shared,
                             const SessionOptions& options,
                             const Upgrade& upgrade)
{
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->connection->pool, 0);
    if (cleanup == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!broker.add_session(options.max_connections)) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "ws_pubsub: ws_pubsub_connections reached");
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    std::unique_ptr<Connection> made;
    try {
        made.reset(new Connection(r, broker, shared, options, upgrade));
    } catch (const std::bad_alloc&) {
        broker.store().close_session(broker.worker());
        throw;
    }
    Connection* connection = made.release();
    cleanup->handler = on_pool_cleanup;
    cleanup->data = connection;
    ngx_http_set_ctx(r, connection, ngx_ws_pubsub_module);
    const ngx_int_t rc = connection->open(upgrade);
    if (rc != NGX_DONE) {
        connection->state_ = State::finished;
        broker.remove_session(connection->session_);
    }
    return rc;
}

// NGX_DONE; or what the request is to be finished with.
ngx_int_t Connection::open(const Upgrade& upgrade)
{
    const std::string answer = shared_.lws.handshake(upgrade.key, deflate_);
    if (answer.empty() || !add_answer_headers(answer, upgrade)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
#if (NGX_HTTP_SSL)
    if (c_->ssl != nullptr) {
        c_->ssl->buffer = 0; // what a session writes needs no collecting
    }
#endif
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
    return (!upgrade.deflate.accepted ||
            add_header(r_, "Sec-WebSocket-Extensions",
                       upgrade.deflate.header)) &&
           (plain_ ||
            add_header(r_, "Sec-WebSocket-Protocol", JsonProtocol::kName));
}

void Connection::take_over()
{
    r_->main->count++; // kept until finish()

    ngx_buf_t* head = r_->header_in;
    unread_.assign(reinterpret_cast<char*>(head->pos),
                   static_cast<size_t>(head->last - head->pos));
    head->pos = head->last;

    if (c_->read->timer_set) {
        ngx_del_timer(c_->read);
    }
    if (c_->write->timer_set) {
        ngx_del_timer(c_->write);
    }
    c_->read->handler = on_read_event;
    c_->write->handler = on_write_event;
    c_->log->action = const_cast<char*>("serving a WebSocket");
    c_->idle = 1;
    if (ngx_tcp_nodelay(c_) != NGX_OK) {
        broken_ = true;
    }
    state_ = State::open;
    if (keepalive_.interval_ms() > 0) {
        arm_timer(keepalive_.interval_ms());
    }
    protocol_->on_open();
    process_soon(&ngx_posted_events);
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
