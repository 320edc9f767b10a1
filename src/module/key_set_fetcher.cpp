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

KeySetFetcher::KeySetFetcher(KeySet& set)
    : set_(set), timer_(on_timer, this, ngx_cycle->log)
{
    timer_.let_worker_end();
    set_.set_fetcher(this);
    fetch_soon();
}

KeySetFetcher::~KeySetFetcher()
{
    set_.set_fetcher(nullptr);
}

void KeySetFetcher::wait(int64_t pause_ms)
{
    timer_.start(static_cast<ngx_msec_t>(std::max<int64_t>(pause_ms, 1)));
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

void KeySetFetcher::on_timer(void* self)
{
    auto& fetcher = *static_cast<KeySetFetcher*>(self);
    if (!guarded([&] { fetcher.run_due(); })) {
        fetcher.request_ = nullptr;
        fetcher.wait(kMostKeySetRetryMs);
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
