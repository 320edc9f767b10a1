// Calls a function of its owner in the next turn of nginx's event loop.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

class NextTurn {
public:
    using Handler = void (*)(void* owner);

    // Owner and log outlive it.
    NextTurn(Handler handler, void* owner, ngx_log_t* log)
        : handler_(handler), owner_(owner)
    {
        event_.data = this;
        event_.handler = on_event;
        event_.log = log;
    }
    ~NextTurn()
    {
        if (event_.posted) {
            ngx_delete_posted_event(&event_);
        }
    }
    NextTurn(const NextTurn&) = delete;
    NextTurn& operator=(const NextTurn&) = delete;

    // Once, however often it is asked for before that.
    void ask()
    {
        if (!event_.posted) {
            ngx_post_event(&event_, &ngx_posted_next_events);
        }
    }

private:
    static void on_event(ngx_event_t* event)
    {
        const auto* self = static_cast<NextTurn*>(event->data);
        self->handler_(self->owner_);
    }

    Handler handler_;
    void* owner_;
    ngx_event_t event_{};
};

} // namespace ws_pubsub
