// JSON Web Tokens (RFC 7519) in the compact form of a signed one (RFC 7515
// section 7.1).
//
// What a token says about its key is used for nothing but to pick one of ours:
// `jku`, `jwk`, `x5u` and `x5c` of its header are never looked at.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "json/value.hpp"
#include "token/claims.hpp"
#include "token/key.hpp"
#include "token/token_error.hpp"

namespace ws_pubsub {

struct Verified {
    TokenError error = TokenError::malformed;
    JsonValue claims;      // an object, where there is no error; else null
    std::string text;      // the same as the token has it
    size_t signatures = 0; // that were looked at
};

// `now_ms` is the time since 1970. At most kMaxTokenKeys of the keys are tried:
// those whose algorithm is the token's `alg`, and whose name its `kid`, where
// both have one.
Verified verify_token(std::string_view token, TokenKind kind,
                      std::span<const TokenKey* const> keys,
                      const ClaimChecks& checks, int64_t now_ms);

// Whether its header asks for an algorithm that is known and whose keys are
// public: only then may somebody else's set have one for it.
bool wants_public_key(std::string_view token);

} // namespace ws_pubsub
