#include "ngx/ngx.hpp"

#include "module/waiting_upgrade.hpp"

#include <utility>

#include "client/permit_keeper.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

ngx_int_t status_of(Errc refusal)
{
    switch (refusal) {
    case Errc::unavailable:
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    case Errc::rate:
        return NGX_HTTP_TOO_MANY_REQUESTS;
    default:
        return NGX_HTTP_FORBIDDEN;
    }
}

} // namespace

ngx_int_t WaitingUpgrade::begin(ngx_http_request_t* r, SessionOptions options,
                                const HookRules& rules, const Clock& clock,
                                GoOn go_on)
{
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(r, 0);
    if (cleanup == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    auto* waiting = new WaitingUpgrade(r, std::move(options), rules, clock,
                                       std::move(go_on));
    waiting->cleanup_ = cleanup;
    cleanup->data = waiting;
    cleanup->handler = on_request_end;
    if (!waiting->ask()) {
        return status_of(kCantAsk.code);
    }
    r->main->count++;
    r->read_event_handler = ngx_http_test_reading; // its client may leave
    return NGX_DONE;
}

bool WaitingUpgrade::ask()
{
    Question question;
    question.op = "sub";
    question.topic = options_.topic;
    pending_ = options_.hooks->ask(
        question, [this](const Verdict& verdict) { take(verdict); });
    return pending_ != nullptr;
}

// From the event loop: the request goes on, or ends.
void WaitingUpgrade::take(const Verdict& verdict)
{
    ngx_connection_t* c = r_->connection;
    ngx_http_request_t* r = r_;
    r->read_event_handler = ngx_http_block_reading;
    const ngx_int_t rc = guarded([&] { return go_on(verdict); },
                                 ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR});
    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}

// It is gone with that.
ngx_int_t WaitingUpgrade::go_on(const Verdict& verdict)
{
    const auto answered = std::move(pending_);
    cleanup_->handler = nullptr;
    const std::unique_ptr<WaitingUpgrade, void (*)(void*)> own(this,
                                                               on_request_end);
    if (verdict.refusal) {
        return status_of(verdict.refusal->code);
    }
    options_.permit =
        permit_of_hook(Question::About::subscribe,
                       *Selector::parse(options_.topic), rules_, clock_);
    return go_on_(std::move(options_));
}

void WaitingUpgrade::on_request_end(void* data)
{
    delete static_cast<WaitingUpgrade*>(data);
}

} // namespace ws_pubsub
