#include "ngx/ngx.hpp"

#include "module/event_poster.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "client/event_batch.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

// Why a batch was not taken; empty: it was.
std::string fault_of(const HookAnswer& answer)
{
    if (!answer.complete) {
        return "no whole answer has come";
    }
    return answer.status >= NGX_HTTP_OK &&
                   answer.status < NGX_HTTP_SPECIAL_RESPONSE
               ? ""
               : "it has answered with " + std::to_string(answer.status);
}

bool is_too_large(const HookAnswer& answer)
{
    return answer.complete &&
           answer.status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
}

} // namespace

EventPoster::EventPoster(Store& store, WorkerId worker,
                         const EventRequest& request, const std::string& zone)
    : store_(store), worker_(worker), rules_(request), zone_(zone),
      most_(request.batch), timer_(on_timer, this, ngx_cycle->log)
{
    timer_.let_worker_end();
}

EventPoster::~EventPoster()
{
    give_up();
}

// Another worker may lead.
void EventPoster::give_up()
{
    request_ = nullptr;
    text_.clear();
    retry_ms_ = 0;
    timer_.stop();
    if (leads_) {
        leads_ = false;
        store_.courier.give_up(worker_);
    }
}

void EventPoster::tick()
{
    if (ngx_exiting && !is_busy()) {
        return give_up();
    }
    const bool led = leads_;
    leads_ = store_.courier.lead(worker_);
    if (!leads_) {
        return give_up();
    }
    if (!led) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "ws_pubsub: zone \"%s\": this worker posts its events",
                      zone_.c_str());
    }
    look_at_news(); // what was missed, too
}

void EventPoster::look_at_news()
{
    if (leads_ && !is_busy() && !timer_.is_set() && !ngx_exiting) {
        wait(rules_.delay_ms);
    }
}

void EventPoster::wait(int64_t pause_ms)
{
    timer_.start(static_cast<ngx_msec_t>(std::max<int64_t>(pause_ms, 1)));
}

// The next batch. False: there is none. Topics take turns.
bool EventPoster::load()
{
    store_.courier.take_news();
    const ReadLimits limits{most_, kMaxEventBatchBytes};
    for (size_t i = 0; i < kEventTopics; i++) {
        topic_ = static_cast<EventTopic>((turn_ + i) % kEventTopics);
        if (store_.courier.read(topic_, limits, parcel_)) {
            turn_ = index_of(topic_) + 1;
            text_ = event_batch_text(topic_, parcel_);
            return true;
        }
    }
    return false;
}

// After a time in which this process did nothing another one may lead.
void EventPoster::go_on()
{
    if (is_busy() || ngx_exiting) {
        return;
    }
    if (!store_.courier.lead(worker_)) {
        leads_ = false;
        return give_up();
    }
    if (!text_.empty() || load()) {
        post();
    }
}

void EventPoster::post()
{
    request_ = OwnRequest::make_post(rules_.server, kMaxWebhookAnswerBytes);
    const OwnRequest::Call call = {rules_.uri.path, rules_.uri.arguments,
                                   "application/json", text_,
                                   static_cast<ngx_msec_t>(kWebhookTimeoutMs)};
    if (request_ == nullptr ||
        !request_->start(call,
                         [this](const HookAnswer& answer) { take(answer); })) {
        request_ = nullptr;
        fail("no connection is free for it");
    }
}

void EventPoster::take(const HookAnswer& answer)
{
    request_ = nullptr;
    const std::string fault = fault_of(answer);
    if (!fault.empty()) {
        return is_too_large(answer) && parcel_.events.size() > 1 ? post_less()
                                                                 : fail(fault);
    }
    most_ = std::min(2 * most_, rules_.batch);
    if (retry_ms_ != 0) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "ws_pubsub: zone \"%s\": \"%s\" takes events again",
                      zone_.c_str(), rules_.uri.path.c_str());
    }
    const bool full = parcel_.answer.more;
    store_.courier.take(topic_, parcel_);
    text_.clear();
    retry_ms_ = 0;
    wait(full ? 0 : rules_.delay_ms);
}

// Whoever finds a batch too large gets half of it.
void EventPoster::post_less()
{
    most_ = parcel_.events.size() / 2;
    store_.courier.note_failure();
    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "ws_pubsub: zone \"%s\": \"%s\" finds %uz events too large; "
                  "it gets %uz at a time",
                  zone_.c_str(), rules_.uri.path.c_str(), parcel_.events.size(),
                  most_);
    text_.clear();
    wait(rules_.delay_ms);
}

void EventPoster::fail(const std::string& why)
{
    retry_ms_ =
        std::clamp(2 * retry_ms_, kLeastWebhookRetryMs, kMostWebhookRetryMs);
    store_.courier.note_failure();
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "ws_pubsub: zone \"%s\": \"%s\" has not taken events: %s; "
                  "again in %uLs",
                  zone_.c_str(), rules_.uri.path.c_str(), why.c_str(),
                  static_cast<uint64_t>(retry_ms_ / 1000));
    wait(retry_ms_);
}

void EventPoster::on_timer(void* self)
{
    auto& poster = *static_cast<EventPoster*>(self);
    if (!guarded([&] { poster.go_on(); })) {
        poster.request_ = nullptr;
        poster.wait(kMostWebhookRetryMs);
    }
}

} // namespace ws_pubsub
