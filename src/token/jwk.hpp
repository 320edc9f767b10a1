// JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037).
#pragma once

#include <string_view>

#include "token/key.hpp"

namespace ws_pubsub {

// Whether `oct` keys are taken: not of a set that others may have read.
enum class SecretKeys : bool { refused, taken };

// The keys of a JWK or a JWK Set. Refused is a key that is not for verifying
// signatures (`use`, `key_ops`), is of an unknown kind, has parts of a private
// key in it, or is weak; of a text that is neither a key nor a set there is one
// refusal.
TokenKeyList read_jwks(std::string_view text,
                       SecretKeys secrets = SecretKeys::taken);

} // namespace ws_pubsub
