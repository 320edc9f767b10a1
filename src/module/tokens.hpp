// Tokens of requests: nginx's access phase lets those in that have a good one.
//
// It is the last of the access rules: whom allow and deny, auth_basic or
// auth_request have refused has cost no signature. As nginx's other rules it
// does not look at subrequests.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

#include "client/permissions.hpp"
#include "module/token_rules.hpp"

namespace ws_pubsub {

struct LocationConf;

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
};

// Asks for all main requests to be checked. False: no memory.
bool add_token_phase(ngx_conf_t* cf);

// What the request has at that location: nothing, where it wants a token, but
// another location has looked at this one, and by other keys.
const RequestToken* token_at(ngx_http_request_t* r, const LocationConf& conf);
// The same at the location that the request is in now.
const RequestToken* token_here(ngx_http_request_t* r);
// nullptr: no memory.
RequestToken* make_token(ngx_http_request_t* r);

// When a session of that request ends, on the system's clock: some time after
// its token. 0: never.
uint32_t session_end_s(ngx_http_request_t* r, const LocationConf& conf);

// Adds to what a session may do what the token grants, where the rules have a
// claim for that.
void add_grants(ngx_http_request_t* r, const LocationConf& conf,
                Permissions& permissions);

} // namespace ws_pubsub
