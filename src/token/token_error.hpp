// Why a token is not accepted: for $ws_pubsub_token_error and the log, never
// for the client.
#pragma once

#include <cstdint>
#include <string_view>

namespace ws_pubsub {

enum class TokenError : uint8_t {
    none,
    missing,     // there is no token
    no_keys,     // those that it may be of have not come: nobody knows
    malformed,   // no JWS in its compact form, or no claims that are an object
    unknown_key, // no key for its `alg` and `kid`
    signature,
    expired, // `exp`
    early,   // `nbf` or `iat` lie in the future
    too_old, // `iat` and max_age
    issuer,
    audience,
    claim,  // one that is required is not there, or of the wrong type
    ticket, // it is for one topic
    revoked,
};

inline std::string_view name_of(TokenError error)
{
    switch (error) {
    case TokenError::none:
        return "none";
    case TokenError::missing:
        return "missing";
    case TokenError::no_keys:
        return "no_keys";
    case TokenError::malformed:
        return "malformed";
    case TokenError::unknown_key:
        return "unknown_key";
    case TokenError::signature:
        return "signature";
    case TokenError::expired:
        return "expired";
    case TokenError::early:
        return "early";
    case TokenError::too_old:
        return "too_old";
    case TokenError::issuer:
        return "issuer";
    case TokenError::audience:
        return "audience";
    case TokenError::claim:
        return "claim";
    case TokenError::ticket:
        return "ticket";
    case TokenError::revoked:
        return "revoked";
    }
    return "malformed";
}

} // namespace ws_pubsub
