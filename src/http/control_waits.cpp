#include "ngx/ngx.hpp"

#include "http/control_waits.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/process.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

ControlWait* ControlWaits::find(uint64_t order)
{
    for (ControlWait* wait : waiting_) {
        if (wait->tally_.number() == order) {
            return wait;
        }
    }
    return nullptr;
}

void ControlWaits::take(Orders& orders, WorkerId worker)
{
    std::vector<uint64_t> complete;
    for (;;) {
        const std::vector<OrderAnswer> answers = orders.take_answers(worker);
        if (answers.empty()) {
            break;
        }
        for (const OrderAnswer& answer : answers) {
            ControlWait* wait = find(answer.order);
            if (wait == nullptr) {
                continue;
            }
            wait->tally_.add(answer);
            if (wait->tally_.is_complete()) {
                complete.push_back(answer.order);
            }
        }
    }
    // Each may be the end of others.
    for (const uint64_t order : complete) {
        if (ControlWait* wait = find(order)) {
            wait->finish();
        }
    }
}

ControlWait::ControlWait(ngx_http_request_t* r, ControlWaits& waits,
                         Orders& orders, PlacedOrder placed, Answer answer,
                         const void* about)
    : r_(r), waits_(waits), orders_(orders), tally_(std::move(placed)),
      answer_(answer), about_(about), timer_(on_timer, this, r->connection->log)
{
    waits_.waiting_.push_back(this);
}

ControlWait::~ControlWait()
{
    std::erase(waits_.waiting_, this);
}

void ControlWait::begin()
{
    timer_.start(static_cast<ngx_msec_t>(kControlWaitMs));
    const bool is_main = r_ == r_->main;
    r_->read_event_handler =
        is_main ? ngx_http_test_reading : ngx_http_block_reading;
    r_->write_event_handler = ngx_http_request_empty_handler;
    // As RequestWork: of a client that has left already nginx tells nothing.
    ngx_event_t* read = r_->connection->read;
    if (is_main && read->ready && r_->http_version < NGX_HTTP_VERSION_20) {
        ngx_post_event(read, &ngx_posted_events);
    }
}

// Ends the object's life, in most cases before it returns.
void ControlWait::finish()
{
    ngx_connection_t* c = r_->connection;
    ngx_http_set_log_request(c->log, r_);
    std::erase(waits_.waiting_, this);
    timer_.stop();
    const ngx_int_t rc = guarded([&] { return answer_(r_, tally_, about_); },
                                 ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR});
    ngx_http_finalize_request(r_, rc);
    ngx_http_run_posted_requests(c);
}

void ControlWait::on_timer(void* self)
{
    auto& wait = *static_cast<ControlWait*>(self);
    guarded([&] { wait.tally_.forget_ended(wait.orders_); });
    wait.finish();
}

} // namespace ws_pubsub
