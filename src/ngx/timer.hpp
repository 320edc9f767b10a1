// A timer of nginx's event loop that calls a function of its owner.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

class Timer {
public:
    using Handler = void (*)(void* owner);

    // Owner and log outlive it.
    Timer(Handler handler, void* owner, ngx_log_t* log)
        : handler_(handler), owner_(owner)
    {
        connection_.fd = static_cast<ngx_socket_t>(-1);
        connection_.data = this;
        event_.data = &connection_;
        event_.handler = on_event;
        event_.log = log;
    }
    ~Timer() { stop(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // A worker that is to end does not wait for it.
    void let_worker_end() { event_.cancelable = 1; }
    // Once, after so long from now, whatever was said before. The handler may
    // end the timer's life.
    void start(ngx_msec_t ms)
    {
        stop();
        ngx_add_timer((&event_), ms);
    }
    // The same, unless it runs out earlier by what was said before.
    void start_earlier(ngx_msec_t ms)
    {
        const ngx_msec_t wanted = ngx_current_msec + ms;
        if (!is_set() ||
            static_cast<ngx_msec_int_t>(event_.timer.key - wanted) > 0) {
            start(ms);
        }
    }
    [[nodiscard]] bool is_set() const { return event_.timer_set != 0; }
    void stop()
    {
        if (event_.timer_set) {
            ngx_del_timer((&event_));
        }
    }

private:
    static void on_event(ngx_event_t* event)
    {
        const auto* connection = static_cast<ngx_connection_t*>(event->data);
        const auto* self = static_cast<Timer*>(connection->data);
        self->handler_(self->owner_);
    }

    Handler handler_;
    void* owner_;
    ngx_event_t event_{};
    ngx_connection_t connection_{}; // in whose place nginx logs its events
};

} // namespace ws_pubsub
