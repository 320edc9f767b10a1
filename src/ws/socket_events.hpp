// nginx's events of a connection that has become ours, and the posted event in
// which its session goes on.
//
// The connection's handlers are ours once take() was called; a background
// subrequest may put nginx's own in place of them again.
//
// Ownership: the connection's pool owns the object, and there it is found: as
// long as there is a request, nginx expects that in c->data.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// Whoever has the connection derives from it. What it throws ends in fail().
class SocketEvents {
public:
    SocketEvents(const SocketEvents&) = delete;
    SocketEvents& operator=(const SocketEvents&) = delete;
    virtual ~SocketEvents();

    // process() is called soon: in this turn of the event loop or in the next
    // (ngx_posted_events, ngx_posted_next_events).
    void process_soon(ngx_queue_t* queue)
    {
        if (!event_.posted) {
            ngx_post_event(&event_, queue);
        }
    }
    // What it was about to do failed half way: it ends.
    virtual void fail() = 0;

    // It ends with the pool that the cleanup is of.
    void end_with(ngx_pool_cleanup_t* cleanup);

    // --- for a connection whose pool has one
    // Takes its events, but for where TLS has put a handler of its own in place
    // of ours, for a while.
    static void take(ngx_connection_t* c);
    // Its timer for reading, and a read event that is posted, come no more.
    static void drop_pending(ngx_connection_t* c);
    static void on_read(ngx_event_t* event);
    static void on_write(ngx_event_t* event);

protected:
    explicit SocketEvents(ngx_log_t* log);

private:
    static SocketEvents* of(ngx_event_t* event);
    static void on_posted(ngx_event_t* event);
    static void on_pool_cleanup(void* data);
    void exit_worker(ngx_connection_t* c);

    virtual void read() = 0;
    virtual void on_timer() = 0;
    // The worker is about to exit. `now`: nothing is waited for any more.
    virtual void on_worker_exit(bool now) = 0;
    // The session goes on: the only one of these in which the object may end.
    virtual void process() = 0;

    ngx_event_t event_{};
};

} // namespace ws_pubsub
