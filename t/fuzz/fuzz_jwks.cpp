// A JWK Set as an identity provider, or whoever writes its file, may send it,
// and the same bytes as PEM: the keys that come of it can be asked.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "token/jwk.hpp"
#include "token/pem.hpp"

namespace {

using namespace ws_pubsub;

void check(const TokenKeyList& list)
{
    if (list.keys.empty() && list.refused.empty()) {
        std::abort();
    }
    for (const TokenKey& key : list.keys) {
        const size_t size = kind_of(key.algorithm()) == KeyKind::curve
                                ? 2 * curve_bytes(key.algorithm())
                                : 64;
        if (key.verify("x", std::string(size, '\1'))) {
            std::abort();
        }
    }
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::vector<char> copy(data, data + size);
    const std::string_view text(copy.data(), copy.size());
    check(read_jwks(text));
    check(read_keys(Algorithm::hs256, text));
    check(read_keys(Algorithm::es256, text));
    check(read_keys(Algorithm::eddsa, text));
    if (ERR_peek_error() != 0) {
        std::abort();
    }
    return 0;
}
