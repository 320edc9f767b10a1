#include "ngx/ngx.hpp"

#include "http/request_work.hpp"

#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

// A worker on its way out stays as long as there is a timer. It is longer than
// a turn takes; where it runs out, that is one turn more.
constexpr ngx_msec_t kStayMs = 10000;

} // namespace

RequestTurns::RequestTurns(ngx_log_t* log)
{
    no_connection_.fd = -1;
    no_connection_.data = this;
    event_.data = &no_connection_;
    event_.handler = on_turn;
    event_.log = log;
}

RequestTurns::~RequestTurns()
{
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
    if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
}

bool RequestTurns::begin(RequestWork& work)
{
    const bool steps_end = turns_.begin(work);
    const bool done = steps_end && !work.waits();
    if (done) {
        done_.pop_back(); // whoever has begun it finalizes it
    }
    schedule(!steps_end);
    return done;
}

void RequestTurns::cancel(RequestWork& work)
{
    turns_.cancel(work);
    std::erase(done_, &work);
}

// Also without more to do: the next turn has its own bound.
void RequestTurns::schedule(bool more)
{
    if (!event_.posted) {
        ngx_post_event(&event_, &ngx_posted_next_events);
    }
    if (more) {
        ngx_add_timer(&event_, kStayMs);
    }
}

void RequestTurns::run()
{
    const bool more = turns_.run();
    if (more) {
        schedule(true);
    } else if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
    // Each may be the end of others.
    while (!done_.empty()) {
        RequestWork* work = done_.back();
        done_.pop_back();
        work->finalize();
    }
}

void RequestTurns::on_turn(ngx_event_t* event)
{
    const auto* none = static_cast<ngx_connection_t*>(event->data);
    event->timedout = 0;
    static_cast<RequestTurns*>(none->data)->run();
}

RequestWork::RequestWork(ngx_http_request_t* r, RequestTurns& turns,
                         Client client)
    : r_(r), turns_(turns), client_(client)
{}

RequestWork::~RequestWork()
{
    turns_.cancel(*this);
}

void RequestWork::run()
{
    if (turns_.begin(*this)) {
        ngx_http_finalize_request(r_, result_);
        return;
    }
    // Nothing that comes meanwhile may start the request anew.
    const bool looks = client_ == Client::needed && r_ == r_->main;
    r_->read_event_handler =
        looks ? ngx_http_test_reading : ngx_http_block_reading;
    r_->write_event_handler = ngx_http_request_empty_handler;
    // Of a client that has left already nginx tells nothing more. In HTTP/2 and
    // 3 it is the stream that ends.
    ngx_event_t* read = r_->connection->read;
    if (looks && read->ready && r_->http_version < NGX_HTTP_VERSION_20) {
        ngx_post_event(read, &ngx_posted_events);
    }
}

bool RequestWork::step(size_t& left)
{
    ngx_http_set_log_request(r_->connection->log, r_);
    const auto result =
        guarded([&] { return go_on(left); },
                std::optional<ngx_int_t>(NGX_HTTP_INTERNAL_SERVER_ERROR));
    if (result) {
        pending_.reset(); // it has failed
        result_ = *result;
        turns_.done_.push_back(this);
    }
    return result.has_value() || waits();
}

void RequestWork::await_answer(std::unique_ptr<PendingChange> pending,
                               PendingChange::Done taken)
{
    pending_ = std::move(pending);
    pending_->then(
        [this, taken = std::move(taken)](const Result<ChangeAnswer>& answer) {
            const auto answered = std::move(pending_); // ends with this call
            if (!guarded([&] { taken(answer); })) {
                result_ = NGX_HTTP_INTERNAL_SERVER_ERROR;
                finalize();
            } else if (turns_.begin(*this)) {
                finalize();
            }
        });
}

void RequestWork::finalize()
{
    ngx_connection_t* c = r_->connection;
    ngx_http_set_log_request(c->log, r_);
    ngx_http_finalize_request(r_, result_);
    ngx_http_run_posted_requests(c);
}

} // namespace ws_pubsub
