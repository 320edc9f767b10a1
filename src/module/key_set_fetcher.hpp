// Fetches one key set in a worker: when it begins, and again and again.
#pragma once

#include "ngx/ngx.hpp"

#include <vector>

#include "module/key_set.hpp"
#include "module/own_request.hpp"
#include "ngx/timer.hpp"

namespace ws_pubsub {

class KeySetFetcher {
public:
    // `set`, which is used, outlives it. The first fetch is in the next turn of
    // the event loop.
    explicit KeySetFetcher(KeySet& set);
    KeySetFetcher(const KeySetFetcher&) = delete;
    KeySetFetcher& operator=(const KeySetFetcher&) = delete;
    // What is pending is cancelled.
    ~KeySetFetcher();

    void fetch_soon();
    [[nodiscard]] bool is_fetching() const
    {
        return is_soon_ || request_ != nullptr;
    }

private:
    void fetch();
    void take(const HookAnswer& answer);
    void wait(int64_t pause_ms);
    void run_due();
    static void on_timer(void* self);

    KeySet& set_;
    OwnRequest::Handle request_; // empty: none is pending
    bool is_soon_ = false;       // it begins with the timer
    Timer timer_;
};

// init_process and exit_process of a worker: each set that is used is fetched.
void start_key_sets(const std::vector<KeySet*>& sets);
void stop_key_sets();

} // namespace ws_pubsub
