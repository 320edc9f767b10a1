#include "ngx/ngx.hpp"

#include "ws/background_watch.hpp"

#include "ws/socket_events.hpp"

namespace ws_pubsub {

namespace {

constexpr ngx_msec_t kLookMs = 100;

} // namespace

BackgroundWatch::BackgroundWatch(SocketEvents& events)
    : events_(events), timer_due_ms_(ngx_current_msec)
{
    no_connection_.fd = -1;
    no_connection_.data = this;
    event_.data = &no_connection_;
    event_.handler = on_timer;
    event_.log = ngx_cycle->log;
    event_.cancelable = 1;
    ngx_add_timer(&event_, kLookMs);
}

BackgroundWatch::~BackgroundWatch()
{
    if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
}

void BackgroundWatch::on_timer(ngx_event_t* event)
{
    const auto* none = static_cast<ngx_connection_t*>(event->data);
    ngx_add_timer(event, kLookMs);
    static_cast<BackgroundWatch*>(none->data)
        ->events_.process_soon(&ngx_posted_events);
}

} // namespace ws_pubsub
