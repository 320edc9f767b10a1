// Asks locations of nginx what a session may do, and its application thereby.
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <string>
#include <vector>

#include "client/hooks.hpp"
#include "module/config.hpp"
#include "module/hook_book.hpp"
#include "module/own_request.hpp"

namespace ws_pubsub {

class RequestHooks final : public Hooks {
public:
    // `r`, which is being upgraded at the location of that configuration, and
    // `book` outlive it. Once the session's rights are worked out.
    RequestHooks(ngx_http_request_t& r, const LocationConf& conf,
                 HookBook& book);

    std::unique_ptr<PendingHook> ask(const Question& question,
                                     Done done) override;

private:
    struct Uri {
        std::string path;
        std::string arguments;
    };
    // The value that a variable has had at the upgrade.
    struct Passed {
        ngx_uint_t index;
        bool is_there;
        std::string text;
    };

    std::unique_ptr<PendingHook> ask(const HookTarget& target,
                                     const Question& question,
                                     HookBook::Place place, Done done);
    [[nodiscard]] bool give_token(ngx_http_request_t& to) const;
    [[nodiscard]] bool give_passed(ngx_http_request_t& to) const;
    [[nodiscard]] bool work_out(const HookTarget& target, OwnRequest& hook,
                                Uri& out) const;
    [[nodiscard]] OwnRequest::Done reader(const Question& question, Uri uri,
                                          Done done) const;

    ngx_http_request_t& r_;
    const LocationConf& conf_;
    HookBook& book_;
    std::vector<Passed> passed_;
};

} // namespace ws_pubsub
