// A token as clients may send it: whatever it is, only what the keys have
// signed is accepted, and that has a claim that nobody else knows.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.hpp"
#include "token/grants.hpp"
#include "token/jwk.hpp"
#include "token/token.hpp"

namespace {

using namespace ws_pubsub;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

// Public keys and a secret that are those of no token of the corpus, but for
// the HS384 of the good one.
constexpr const char* kKeys =
    R"({"keys":[)"
    R"({"kty":"oct","alg":"HS256","k":"Xl7GAgPzuPBr0kQCrJv0aA"},)"
    R"({"kty":"oct","alg":"HS384","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"},)"
    R"({"kty":"EC","crv":"P-256",)"
    R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},)"
    R"({"kty":"OKP","crv":"Ed25519","kid":"ed",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";

constexpr int64_t kNowMs = 1'700'000'000'000;

// What is in a token once its signature is good: the middle part as it comes.
void check_content(std::string_view token)
{
    const size_t dot = token.find('.');
    const auto text = decode_base64url(token.substr(
        dot == token.npos ? 0 : dot + 1, token.find('.', dot + 1) - dot - 1));
    if (!text) {
        return;
    }
    json_error_t error;
    const JsonValue claims = parse_json(*text, JSON_REJECT_DUPLICATES, error);
    if (!json_is_object(claims.get())) {
        return;
    }
    ClaimChecks checks;
    checks.audiences = {"a"};
    checks.max_age_s = 60;
    checks.required = {"exp"};
    for (const ClaimChecks& each : {ClaimChecks(), checks}) {
        if (check_claims(claims.get(), TokenKind::session, each, kNowMs) ==
            TokenError::none) {
            const auto expires = expiry_of(claims.get());
            require(!expires || *expires > kNowMs);
        }
        if (check_claims(claims.get(), TokenKind::ticket, each, kNowMs) ==
            TokenError::none) {
            require(!is_reserved(topics_of(claims.get()).text()));
        }
    }
    require(claim_text(claims.get(), "sub").find('\n') == std::string::npos);
    static_cast<void>(grants_of(claims.get(), "g"));
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const TokenKeyList list = read_jwks(kKeys);
    static const std::vector<const TokenKey*> keys = [] {
        std::vector<const TokenKey*> made;
        for (const TokenKey& key : list.keys) {
            made.push_back(&key);
        }
        return made;
    }();
    const std::vector<char> copy(data, data + size);
    const std::string_view token(copy.data(), copy.size());
    const Verified result =
        verify_token(token, TokenKind::session, keys, {}, kNowMs);
    require((result.claims != nullptr) == (result.error == TokenError::none));
    require(result.claims == nullptr ||
            claim_text(result.claims.get(), "mark") == "ours");
    check_content(token);
    return 0;
}
