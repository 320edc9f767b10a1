// What is in a token (RFC 7519 section 4), and whether it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/token_mark.hpp"
#include "base/topic.hpp"
#include "json/value.hpp"
#include "token/token_error.hpp"

namespace ws_pubsub {

// What the claims have to be, beside `exp`, `nbf` and `iat`, which count
// wherever they are.
struct ClaimChecks {
    std::string issuer;                 // empty: any, or none
    std::vector<std::string> audiences; // one of them; empty: any, or none
    std::vector<std::string> required;  // these are there, and not null
    int64_t leeway_s = 0;               // of clocks that differ
    int64_t max_age_s = 0;              // since `iat`; 0: any
};

// A ticket is for the topics that it names; a session's token names none.
enum class TokenKind : uint8_t { session, ticket };

// `now_ms` is the time since 1970. REQUIRES: `claims` is an object.
TokenError check_claims(const json_t* claims, TokenKind kind,
                        const ClaimChecks& checks, int64_t now_ms);

// When the token ends, in ms since 1970; nullopt: never. REQUIRES: the claims
// hold.
std::optional<int64_t> expiry_of(const json_t* claims);

// The claim `sub`; empty: there is none. REQUIRES: the claims hold.
std::string user_of(const json_t* claims);

// By what it can be revoked, beside its user. REQUIRES: the claims hold.
TokenMark mark_of(const json_t* claims);

// Of a ticket: what it is for, and whether that may be published to.
// REQUIRES: the claims hold.
Selector topics_of(const json_t* claims);
bool lets_publish(const json_t* claims);

// A string, number or boolean as text. The name may be in another case, as
// nginx has the names of variables, if only one claim is called so, and it is
// none of those that RFC 7519 names. Empty:
// there is no such claim, it is something else, or a string with control
// characters, which would be other lines of a header or of a log.
std::string claim_text(const json_t* claims, const std::string& name);

} // namespace ws_pubsub
