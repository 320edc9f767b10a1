// The algorithms that tokens are signed with (RFC 7518 section 3.1, RFC 8037).
// There is no `none`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ws_pubsub {

enum class Algorithm : uint8_t {
    hs256,
    hs384,
    hs512,
    rs256,
    rs384,
    rs512,
    ps256,
    ps384,
    ps512,
    es256,
    es384,
    es512,
    eddsa,
};

// What kind of key an algorithm needs.
enum class KeyKind : uint8_t { secret, rsa, curve, edwards };

// By its name, case and all; nullopt: it is none of ours.
std::optional<Algorithm> find_algorithm(std::string_view name);

std::string_view name_of(Algorithm algorithm);
KeyKind kind_of(Algorithm algorithm);
bool is_pss(Algorithm algorithm);

// OpenSSL's name of the digest; null for EdDSA, which has its own.
const char* digest_of(Algorithm algorithm);
// The digest's size, which is also the least that a secret should have. 0 for
// EdDSA.
size_t digest_bytes(Algorithm algorithm);

// Of ES*: OpenSSL's name of the curve, and the size of its numbers. REQUIRES:
// kind_of() is `curve`.
const char* curve_of(Algorithm algorithm);
size_t curve_bytes(Algorithm algorithm);

// The ES* of a curve, by its name in a JWK; nullopt: there is none.
std::optional<Algorithm> algorithm_of_curve(std::string_view name);

} // namespace ws_pubsub
