// A request as it would be with another token: to work out what the
// configuration says of that.
//
// For as long as this lives the request has a pool, contexts and values of
// variables of its own, which go with it, so that a session that brings many
// tokens holds no more memory for them. What variables have had before stays,
// as what `set` or `auth_request_set` have said, or $request_id; but what was
// worked out with the token is worked out anew. A variable that could be
// worked out with the token, but has had another value than that gives, is
// empty: who knows what it would be.
#pragma once

#include "ngx/ngx.hpp"

#include <vector>

#include "module/tokens.hpp"

namespace ws_pubsub {

// The regex captures of a request: what $1 is. They change with each regex that
// is matched, in a `map` too.
class Captures {
public:
    // As they are now. What they are of outlives this.
    explicit Captures(const ngx_http_request_t& r);
    // In memory of the request's pool. False: there is none.
    bool give(ngx_http_request_t& r) const;

private:
    std::vector<int> places_;
    u_char* text_ = nullptr;
};

class TokenTrial {
public:
    // `r` outlives it, and does nothing else meanwhile; `captures` are those
    // that its location has begun with.
    TokenTrial(ngx_http_request_t& r, const Captures& captures)
        : r_(r), captures_(captures), before_(r)
    {}
    TokenTrial(const TokenTrial&) = delete;
    TokenTrial& operator=(const TokenTrial&) = delete;
    ~TokenTrial();

    // From here on the request has that token. False: no memory.
    bool begin(const RequestToken& token);
    // It keeps it, and its own variables are worked out anew when they are
    // asked for. REQUIRES: begin() has succeeded.
    void adopt();

private:
    [[nodiscard]] bool begin_own_state();
    void find_dependent();
    bool work_out(ngx_uint_t index);
    [[nodiscard]] bool depends(ngx_uint_t index);
    void restore();

    ngx_http_request_t& r_;
    const Captures& captures_;
    ngx_http_request_t before_; // its own state, while it has another
    bool begun_ = false;
    bool adopted_ = false;
    std::vector<void*> contexts_;
    std::vector<ngx_http_variable_value_t> values_;
    struct Dependent {
        ngx_uint_t index; // of a variable
        bool is_clear;    // its value is what it is worked out to be
    };
    std::vector<Dependent> dependent_;
};

} // namespace ws_pubsub
