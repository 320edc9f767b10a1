#include "ngx/ngx.hpp"

#include "ws/held_request.hpp"

#include <algorithm>

#include "ws/socket_events.hpp"
#include "ws/socket_writer.hpp"

namespace ws_pubsub {

namespace {

void set_action(ngx_connection_t* c, const char* action)
{
    c->log->action = const_cast<char*>(action);
}

bool head_waits(const ngx_http_request_t* r)
{
    return r->connection->buffered || r->out != nullptr;
}

// Those that nginx keeps for a next request.
void free_buffers(ngx_connection_t* c, ngx_http_connection_t* hc)
{
    if (c->buffer != nullptr && hc->nbusy == 0 &&
        ngx_pfree(c->pool, c->buffer->start) == NGX_OK) {
        c->buffer->start = c->buffer->end = nullptr;
        c->buffer->pos = c->buffer->last = nullptr;
    }
    for (ngx_chain_t* cl = hc->free; cl != nullptr; cl = cl->next) {
        ngx_pfree(c->pool, cl->buf->start);
    }
    hc->free = nullptr;
#if (NGX_HTTP_SSL)
    if (c->ssl != nullptr) {
        ngx_ssl_free_buffer(c);
    }
#endif
}

} // namespace

std::string_view HeldRequest::hold(SocketEvents& events)
{
    ngx_connection_t* c = r_->connection;
    if (r_->main->count > 1) {
        background_ = std::make_unique<BackgroundWatch>(events);
        if (c->read->timer_set) {
            background_->note_timer(c->read->timer.key);
        }
    }
    r_->main->count++; // kept until let_go() or end()

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }
    SocketEvents::take(c);
    r_->read_event_handler = on_request_read;
    r_->write_event_handler = on_request_write;
    set_action(c, "serving a WebSocket");
    c->idle = 1;

    ngx_buf_t* head = r_->header_in;
    const std::string_view behind(reinterpret_cast<char*>(head->pos),
                                  static_cast<size_t>(head->last - head->pos));
    head->pos = head->last;
    return behind;
}

// What comes here came by nginx's own handlers, which a background subrequest
// has put in place.
void HeldRequest::on_request_read(ngx_http_request_t* r)
{
    SocketEvents::take(r->connection);
    SocketEvents::on_read(r->connection->read);
}

void HeldRequest::on_request_write(ngx_http_request_t* r)
{
    SocketEvents::take(r->connection);
    SocketEvents::on_write(r->connection->write);
}

ngx_int_t HeldRequest::send_head()
{
    if (head_waits(r_) && ngx_http_output_filter(r_, nullptr) == NGX_ERROR) {
        return NGX_ERROR;
    }
    if (!head_waits(r_)) {
        return NGX_OK;
    }
    return ngx_handle_write_event(r_->connection->write, 0) == NGX_OK
               ? NGX_AGAIN
               : NGX_ERROR;
}

void HeldRequest::share(bool has_timer)
{
    SocketEvents::take(r_->connection);
    keep_timer(has_timer);
    if (r_->count == 1) {
        background_.reset();
    }
}

void HeldRequest::keep_timer(bool has_timer)
{
    ngx_event_t* read = r_->connection->read;
    if (read->timer_set) {
        background_->note_timer(read->timer.key);
    } else if (has_timer) {
        const auto left_ms = static_cast<ngx_msec_int_t>(
            background_->timer_due_ms() - ngx_current_msec);
        ngx_add_timer(read, static_cast<ngx_msec_t>(
                                std::max<ngx_msec_int_t>(left_ms, 0)));
    }
}

// As nginx does it.
void HeldRequest::log()
{
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_get_module_main_conf(r_, ngx_http_core_module));
    const ngx_array_t& handlers = core->phases[NGX_HTTP_LOG_PHASE].handlers;
    auto* handler = static_cast<ngx_http_handler_pt*>(handlers.elts);
    for (ngx_uint_t i = 0; i < handlers.nelts; i++) {
        handler[i](r_);
    }
    r_->logged = 1;
}

void HeldRequest::let_go()
{
    ngx_http_request_t* r = r_;
    ngx_connection_t* c = r->connection;
    ngx_http_connection_t* hc = r->http_connection;
    r_ = nullptr;
    r->main->count = 0;
    ngx_http_free_request(r, 0);

    auto* log = static_cast<ngx_http_log_ctx_t*>(c->log->data);
    log->request = nullptr;
    log->current_request = nullptr;
    set_action(c, "serving a WebSocket");
    free_buffers(c, hc);
}

void HeldRequest::end(bool may_shut)
{
    ngx_connection_t* c = r_->connection;
    set_action(c, "closing a WebSocket");
    // With a response head that never went out nginx would wait for a write
    // event, whose handler is not its own any more.
    const ngx_int_t rc = head_waits(r_) ? NGX_ERROR : NGX_OK;
    background_.reset();
    if (r_->count > 1) {
        c->read->handler = on_late_event;
        c->write->handler = on_late_event;
        if (may_shut) {
            shut_for_writing(c);
        }
    }
    ngx_http_finalize_request(r_, rc);
    ngx_http_run_posted_requests(c);
}

// The session has ended, but not all of its request.
void HeldRequest::on_late_event(ngx_event_t* event)
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

} // namespace ws_pubsub
