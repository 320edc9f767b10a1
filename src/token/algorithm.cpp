#include "token/algorithm.hpp"

#include <algorithm>
#include <iterator>

namespace ws_pubsub {

namespace {

struct Row {
    std::string_view name;
    const char* digest;
    size_t digest_bytes;
    KeyKind kind;
    bool pss = false;
    const char* curve = nullptr;
    size_t curve_bytes = 0;
    std::string_view jwk_curve = {};
};

// In the order of the enumeration.
constexpr Row kRows[] = {
    {"HS256", "SHA256", 32, KeyKind::secret},
    {"HS384", "SHA384", 48, KeyKind::secret},
    {"HS512", "SHA512", 64, KeyKind::secret},
    {"RS256", "SHA256", 32, KeyKind::rsa},
    {"RS384", "SHA384", 48, KeyKind::rsa},
    {"RS512", "SHA512", 64, KeyKind::rsa},
    {"PS256", "SHA256", 32, KeyKind::rsa, true},
    {"PS384", "SHA384", 48, KeyKind::rsa, true},
    {"PS512", "SHA512", 64, KeyKind::rsa, true},
    {"ES256", "SHA256", 32, KeyKind::curve, false, "prime256v1", 32, "P-256"},
    {"ES384", "SHA384", 48, KeyKind::curve, false, "secp384r1", 48, "P-384"},
    {"ES512", "SHA512", 64, KeyKind::curve, false, "secp521r1", 66, "P-521"},
    {"EdDSA", nullptr, 0, KeyKind::edwards},
};

const Row& row_of(Algorithm algorithm)
{
    return kRows[static_cast<size_t>(algorithm)];
}

template <class Holds>
std::optional<Algorithm> find(Holds&& holds)
{
    const auto* found = std::find_if(std::begin(kRows), std::end(kRows), holds);
    if (found == std::end(kRows)) {
        return std::nullopt;
    }
    return static_cast<Algorithm>(found - std::begin(kRows));
}

} // namespace

std::optional<Algorithm> find_algorithm(std::string_view name)
{
    return find([name](const Row& row) { return row.name == name; });
}

std::string_view name_of(Algorithm algorithm)
{
    return row_of(algorithm).name;
}

KeyKind kind_of(Algorithm algorithm)
{
    return row_of(algorithm).kind;
}

bool is_pss(Algorithm algorithm)
{
    return row_of(algorithm).pss;
}

const char* digest_of(Algorithm algorithm)
{
    return row_of(algorithm).digest;
}

size_t digest_bytes(Algorithm algorithm)
{
    return row_of(algorithm).digest_bytes;
}

const char* curve_of(Algorithm algorithm)
{
    return row_of(algorithm).curve;
}

size_t curve_bytes(Algorithm algorithm)
{
    return row_of(algorithm).curve_bytes;
}

std::optional<Algorithm> algorithm_of_curve(std::string_view name)
{
    return find([name](const Row& row) {
        return !row.jwk_curve.empty() && row.jwk_curve == name;
    });
}

} // namespace ws_pubsub
