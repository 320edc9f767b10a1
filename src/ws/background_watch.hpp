// Looks after an upgraded request as long as background subrequests of it run
// (mirror, proxy_cache_background_update).
//
// nginx does not tell when the last one has ended. And it takes the connection
// for theirs: one that begins deletes the timer for reading, and one that fails
// puts nginx's own handlers in place.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

class SocketEvents;

class BackgroundWatch {
public:
    // Lets the session go on again and again, so that it looks. `events`
    // outlive this.
    explicit BackgroundWatch(SocketEvents& events);
    BackgroundWatch(const BackgroundWatch&) = delete;
    BackgroundWatch& operator=(const BackgroundWatch&) = delete;
    ~BackgroundWatch();

    // When the connection's timer, as it was seen last, is due.
    void note_timer(ngx_msec_t due_ms) { timer_due_ms_ = due_ms; }
    [[nodiscard]] ngx_msec_t timer_due_ms() const { return timer_due_ms_; }

private:
    static void on_timer(ngx_event_t* event);

    SocketEvents& events_;
    ngx_msec_t timer_due_ms_;
    ngx_event_t event_{};
    ngx_connection_t no_connection_{}; // for the logs of the event
};

} // namespace ws_pubsub
