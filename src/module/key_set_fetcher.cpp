#include "ngx/ngx.hpp"

#include "module/key_set_fetcher.hpp"

#include <algorithm>
#include <memory>

#include "base/limits.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

// How often it is looked whether the worker is to end, while one is pending.
constexpr int64_t kExitLookMs = 200;

std::vector<std::unique_ptr<KeySetFetcher>> g_fetchers;

} // namespace

KeySetFetcher::KeySetFetcher(KeySet& set) : set_(set)
{
    no_connection_.fd = static_cast<ngx_socket_t>(-1);
    no_connection_.data = this;
    timer_.data = &no_connection_;
    timer_.handler = on_timer;
    timer_.log = ngx_cycle->log;
    timer_.cancelable = 1; // it keeps no worker
    set_.set_fetcher(this);
    fetch_soon();
}

KeySetFetcher::~KeySetFetcher()
{
    set_.set_fetcher(nullptr);
    if (timer_.timer_set) {
        ngx_del_timer((&timer_));
    }
}

void KeySetFetcher::wait(int64_t pause_ms)
{
    if (timer_.timer_set) {
        ngx_del_timer((&timer_));
    }
    ngx_add_timer((&timer_),
                  static_cast<ngx_msec_t>(std::max<int64_t>(pause_ms, 1)));
}

// Not at once: it is asked for amid other requests.
void KeySetFetcher::fetch_soon()
{
    is_soon_ = true;
    wait(0);
}

void KeySetFetcher::fetch()
{
    is_soon_ = false;
    request_ = OwnRequest::make(set_.server(), kMaxKeyFileBytes);
    const OwnRequest::Call call = {
        set_.uri().path, set_.uri().arguments, {}, {}, kKeySetTimeoutMs};
    if (request_ != nullptr &&
        request_->start(call,
                        [this](const HookAnswer& answer) { take(answer); })) {
        return wait(kExitLookMs);
    }
    request_ = nullptr;
    set_.fail(ngx_cycle->log, "no connection is free for it");
    wait(set_.pause_ms());
}

void KeySetFetcher::take(const HookAnswer& answer)
{
    request_ = nullptr;
    const bool done = guarded([&] { set_.take(answer, ngx_cycle->log); });
    wait(done ? set_.pause_ms() : kMostKeySetRetryMs);
}

void KeySetFetcher::run_due()
{
    if (ngx_exiting) { // nor is one begun any more
        is_soon_ = false;
        request_ = nullptr;
    } else if (request_ != nullptr) {
        wait(kExitLookMs);
    } else {
        fetch();
    }
}

void KeySetFetcher::on_timer(ngx_event_t* event)
{
    const auto* c = static_cast<ngx_connection_t*>(event->data);
    auto* self = static_cast<KeySetFetcher*>(c->data);
    if (!guarded([&] { self->run_due(); })) {
        self->request_ = nullptr;
        self->wait(kMostKeySetRetryMs);
    }
}

void start_key_sets(const std::vector<KeySet*>& sets)
{
    for (KeySet* set : sets) {
        if (set->is_used()) {
            g_fetchers.push_back(std::make_unique<KeySetFetcher>(*set));
        }
    }
}

void stop_key_sets()
{
    g_fetchers.clear();
}

} // namespace ws_pubsub
