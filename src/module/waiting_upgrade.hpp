// An upgrade to a plain endpoint, which waits for what a hook says of its
// topic: its client subscribes with it.
#pragma once

#include "ngx/ngx.hpp"

#include <functional>

#include "ws/connection.hpp"

namespace ws_pubsub {

class WaitingUpgrade {
public:
    // What goes on with it once the hook has said yes. Returns what a content
    // handler does.
    using GoOn = std::function<ngx_int_t(SessionOptions options)>;

    // To be returned from the content handler. `options` have hooks and a
    // topic; `rules` and `clock` outlive the request.
    static ngx_int_t begin(ngx_http_request_t* r, SessionOptions options,
                           const HookRules& rules, const Clock& clock,
                           GoOn go_on);

    WaitingUpgrade(const WaitingUpgrade&) = delete;
    WaitingUpgrade& operator=(const WaitingUpgrade&) = delete;

private:
    WaitingUpgrade(ngx_http_request_t* r, SessionOptions options,
                   const HookRules& rules, const Clock& clock, GoOn go_on)
        : r_(r), options_(std::move(options)), rules_(rules), clock_(clock),
          go_on_(std::move(go_on))
    {}
    ~WaitingUpgrade() = default;

    bool ask();
    void take(const Verdict& verdict);
    ngx_int_t go_on(const Verdict& verdict);
    static void on_request_end(void* data);

    ngx_http_request_t* r_;
    SessionOptions options_;
    const HookRules& rules_;
    const Clock& clock_;
    GoOn go_on_;
    ngx_http_cleanup_t* cleanup_ = nullptr;
    std::unique_ptr<PendingHook> pending_; // before the hooks it belongs to
};

} // namespace ws_pubsub
