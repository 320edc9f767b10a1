#include "ngx/request_work.hpp"

#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

// A worker on its way out stays as long as there is a timer. It is longer than
// a turn takes, and does no harm if it runs out.
constexpr ngx_msec_t kStayMs = 10000;

} // namespace

RequestWork::RequestWork(ngx_http_request_t* r) : r_(r)
{
    no_connection_.fd = -1;
    no_connection_.data = this;
    event_.data = &no_connection_;
    event_.handler = on_turn;
    event_.log = r->connection->log;
}

RequestWork::~RequestWork()
{
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
    if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
}

void RequestWork::run()
{
    const auto rc =
        guarded([&] { return step(); },
                std::optional<ngx_int_t>(NGX_HTTP_INTERNAL_SERVER_ERROR));
    if (rc) {
        ngx_http_finalize_request(r_, *rc);
        return;
    }
    // Nothing that comes meanwhile may start the request anew.
    r_->read_event_handler = ngx_http_block_reading;
    r_->write_event_handler = ngx_http_request_empty_handler;
    if (!event_.posted) {
        ngx_post_event(&event_, &ngx_posted_next_events);
    }
    ngx_add_timer(&event_, kStayMs);
}

void RequestWork::on_turn(ngx_event_t* event)
{
    const auto* none = static_cast<ngx_connection_t*>(event->data);
    auto* self = static_cast<RequestWork*>(none->data);
    ngx_connection_t* c = self->r_->connection;
    ngx_http_set_log_request(c->log, self->r_);
    self->run();
    ngx_http_run_posted_requests(c);
}

} // namespace ws_pubsub
