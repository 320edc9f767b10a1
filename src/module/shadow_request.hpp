// A request as it was, but for its token: to work out what the configuration
// says of another one.
//
// It is a copy of a live request, with a pool, contexts and values of variables
// of its own, and never runs: no phase, no filter, no event sees it. What
// variables have had before stays, as what `set` or `auth_request_set` have
// said, or $request_id; but those that depend on the token are worked out anew.
#pragma once

#include "ngx/ngx.hpp"

#include <vector>

#include "module/tokens.hpp"

namespace ws_pubsub {

class ShadowRequest {
public:
    // `r` outlives it, and does not run meanwhile.
    explicit ShadowRequest(ngx_http_request_t& r) : live_(r), shadow_(r) {}
    ShadowRequest(const ShadowRequest&) = delete;
    ShadowRequest& operator=(const ShadowRequest&) = delete;
    ~ShadowRequest();

    // Gives it a token of its own; nullptr: no memory.
    RequestToken* begin();
    // REQUIRES: begin() has succeeded, and its token is what it is to be.
    void forget_dependent();
    // REQUIRES: begin() has succeeded.
    [[nodiscard]] ngx_http_request_t* request() { return &shadow_; }
    // Has the live request work out anew what depends on the token. REQUIRES:
    // forget_dependent() was called.
    void forget_dependent_of_live();

private:
    [[nodiscard]] bool depends(ngx_uint_t index);

    ngx_http_request_t& live_;
    ngx_http_request_t shadow_;
    std::vector<void*> contexts_;
    std::vector<ngx_http_variable_value_t> values_;
    std::vector<ngx_uint_t> dependent_; // indexed variables
};

} // namespace ws_pubsub
