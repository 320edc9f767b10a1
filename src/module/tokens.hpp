// Tokens of requests: nginx's access phase lets those in that have a good one.
//
// It is the last of the access rules: whom allow and deny, auth_basic or
// auth_request have refused has cost no signature. As nginx's other rules it
// does not look at subrequests.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

#include "module/token_rules.hpp"

namespace ws_pubsub {

struct LocationConf;
struct Rights;

// What has come of a request's token. It lives as long as the request,
// internal redirects and subrequests included, until a location that wants a
// token looks again.
struct RequestToken {
    const TokenKeys* keys = nullptr; // by which it was looked at; null: none
    bool looked_at = false;
    TokenError error = TokenError::missing;
    std::string claims; // an object's JSON; empty: there is an error
    std::string user;   // its `sub`; empty: nobody
    std::optional<int64_t> expires_ms; // since 1970; nullopt: never
    std::string session; // $ws_pubsub_session, once it was asked for
    // $ws_pubsub_identity, of who has hooks: what was worked out of all that
    std::string identity;

    // What the keys say of the token itself. The session stays.
    void take(const Verified& result);
};

// Asks for all main requests to be checked. False: no memory.
bool add_token_phase(ngx_conf_t* cf);

// What the request has at that location: nothing, where it wants a token, but
// another location has looked at this one, and by other keys.
const RequestToken* token_at(ngx_http_request_t* r, const LocationConf& conf);
// The same at the location that the request is in now.
const RequestToken* token_here(ngx_http_request_t* r);
// What a session that is about to begin with these is refused with, since its
// token was revoked after it was looked at; nullopt: it was not.
std::optional<ngx_int_t> refuse_revoked(ngx_http_request_t* r,
                                        const LocationConf& conf,
                                        const Rights& rights);
// nullptr: no memory.
RequestToken* make_token(ngx_http_request_t* r);

// The id of the request's session, which is made when it is first asked for:
// here, or in the session's Registry.
std::string_view session_id(ngx_http_request_t* r, RequestToken& token);
// The same as a number; 0: it was not asked for here yet.
uint64_t session_number(ngx_http_request_t* r);

// How often token_here() was asked in this process: what has asked it depends
// on the token.
[[nodiscard]] uint64_t times_asked();

} // namespace ws_pubsub
