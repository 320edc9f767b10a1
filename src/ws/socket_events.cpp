#include "ngx/ngx.hpp"

#include "ws/socket_events.hpp"

#include "ngx/guard.hpp"

namespace ws_pubsub {

SocketEvents::SocketEvents(ngx_log_t* log)
{
    event_.data = this;
    event_.handler = on_posted;
    event_.log = log;
}

SocketEvents::~SocketEvents()
{
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
}

void SocketEvents::end_with(ngx_pool_cleanup_t* cleanup)
{
    cleanup->handler = on_pool_cleanup;
    cleanup->data = this;
}

void SocketEvents::on_pool_cleanup(void* data)
{
    guarded([&] { delete static_cast<SocketEvents*>(data); });
}

SocketEvents* SocketEvents::of(ngx_event_t* event)
{
    auto* c = static_cast<ngx_connection_t*>(event->data);
    for (ngx_pool_cleanup_t* cleanup = c->pool->cleanup; cleanup != nullptr;
         cleanup = cleanup->next) {
        if (cleanup->handler == on_pool_cleanup) {
            return static_cast<SocketEvents*>(cleanup->data);
        }
    }
    return nullptr;
}

void SocketEvents::take(ngx_connection_t* c)
{
#if (NGX_HTTP_SSL)
    const bool reads =
        c->ssl == nullptr || c->ssl->saved_read_handler == nullptr;
    const bool writes =
        c->ssl == nullptr || c->ssl->saved_write_handler == nullptr;
#else
    const bool reads = true;
    const bool writes = true;
#endif
    if (reads) {
        c->read->handler = on_read;
    }
    if (writes) {
        c->write->handler = on_write;
    }
}

void SocketEvents::drop_pending(ngx_connection_t* c)
{
    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }
    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }
}

void SocketEvents::on_read(ngx_event_t* event)
{
    SocketEvents* self = of(event);
    auto* c = static_cast<ngx_connection_t*>(event->data);
    const bool done = guarded([&] {
        if (c->close) {
            self->exit_worker(c);
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

void SocketEvents::on_write(ngx_event_t* event)
{
    of(event)->process_soon(&ngx_posted_events);
}

void SocketEvents::on_posted(ngx_event_t* event)
{
    auto* self = static_cast<SocketEvents*>(event->data);
    if (!guarded([&] { self->process(); })) {
        self->fail();
    }
}

// nginx calls this outside of its event loop's turn: what is posted to the
// ordinary queue would wait for the next event.
void SocketEvents::exit_worker(ngx_connection_t* c)
{
    c->close = 0;
    c->idle = 0;
    on_worker_exit(c->error != 0);
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
    process_soon(&ngx_posted_next_events);
}

} // namespace ws_pubsub
