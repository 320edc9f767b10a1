// Tokens of each algorithm, and what is none.
#include <algorithm>
#include <string>
#include <vector>

#include "base/base64.hpp"
#include "base/limits.hpp"
#include "support/asserts.hpp"
#include "support/signer.hpp"
#include "token/jwk.hpp"
#include "token/pem.hpp"
#include "token/token.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr const char* kClaims = R"({"sub":"ann","exp":1700000060})";

constexpr Algorithm kAll[] = {
    Algorithm::hs256, Algorithm::hs384, Algorithm::hs512, Algorithm::rs256,
    Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
    Algorithm::ps512, Algorithm::es256, Algorithm::es384, Algorithm::es512,
    Algorithm::eddsa};

// One key for all algorithms of RSA: they take long to make.
const Signer& rsa()
{
    static const Signer made(Algorithm::rs256);
    return made;
}

Signer signer_of(Algorithm algorithm)
{
    return kind_of(algorithm) == KeyKind::rsa ? Signer(algorithm, rsa())
                                              : Signer(algorithm);
}

std::string key_text(const Signer& signer)
{
    return signer.secret().empty() ? signer.pem() : signer.secret() + "\n";
}

Verified verify(std::string_view token, const TokenKeyList& list,
                const ClaimChecks& checks = {})
{
    std::vector<const TokenKey*> keys;
    for (const TokenKey& key : list.keys) {
        keys.push_back(&key);
    }
    return verify_token(token, TokenKind::session, keys, checks, kNow);
}

void assert_error(const std::string& token, const TokenKeyList& keys,
                  TokenError wanted,
                  std::source_location at = std::source_location::current())
{
    const Verified result = verify(token, keys);
    assert_text(name_of(result.error), name_of(wanted), at);
    if ((result.claims != nullptr) != (wanted == TokenError::none)) {
        fail_msg("claims of line %u", static_cast<unsigned>(at.line()));
    }
}

void every_algorithm(void** /*state*/)
{
    for (const Algorithm algorithm : kAll) {
        const Signer signer = signer_of(algorithm);
        const TokenKeyList keys = read_keys(algorithm, key_text(signer));
        assert_int_equal(keys.keys.size(), 1);
        assert_error(signer.token(kClaims), keys, TokenError::none);
        const TokenKeyList jwk = read_jwks(signer.jwk());
        assert_int_equal(jwk.keys.size(), 1);
        assert_error(signer.token(kClaims), jwk, TokenError::none);
        const TokenKeyList set = read_jwks(
            R"({"keys":[)" + signer_of(algorithm).jwk(R"(,"kid":"other")") +
            "," + signer.jwk(R"(,"kid":"a","use":"sig")") + "]}");
        assert_int_equal(set.keys.size(), 2);
        assert_error(signer.token(kClaims, R"(,"kid":"a")"), set,
                     TokenError::none);
        assert_error(signer.token(kClaims), set, TokenError::none);
    }
}

// With every other algorithm of keys of the same kind, and of other kinds.
void another_algorithm(void** /*state*/)
{
    for (const Algorithm algorithm : kAll) {
        const Signer signer = signer_of(algorithm);
        const TokenKeyList keys = read_keys(algorithm, key_text(signer));
        for (const Algorithm other : kAll) {
            if (other == algorithm) {
                continue;
            }
            const Signer liar = kind_of(other) == kind_of(algorithm) &&
                                        kind_of(other) != KeyKind::curve
                                    ? Signer(other, signer)
                                    : signer_of(other);
            assert_error(liar.token(kClaims), keys, TokenError::unknown_key);
            assert_error(token_of(liar,
                                  R"({"alg":")" +
                                      std::string(name_of(algorithm)) + "\"}",
                                  kClaims),
                         keys, TokenError::signature);
        }
    }
}

// A public key is no secret, whatever it is taken for.
void public_key_as_secret(void** /*state*/)
{
    for (const Algorithm algorithm :
         {Algorithm::rs256, Algorithm::es256, Algorithm::eddsa}) {
        const Signer signer = signer_of(algorithm);
        const TokenKeyList keys = read_keys(algorithm, signer.pem());
        std::string pem_line = signer.pem();
        pem_line.pop_back();
        for (const std::string& secret :
             {signer.pem(), pem_line, signer.der(), signer.jwk()}) {
            for (const Algorithm hmac :
                 {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512}) {
                assert_error(Signer(hmac, secret).token(kClaims), keys,
                             TokenError::unknown_key);
                assert_error(token_of(Signer(hmac, secret),
                                      R"({"alg":")" +
                                          std::string(name_of(algorithm)) +
                                          "\"}",
                                      kClaims),
                             keys, TokenError::signature);
            }
        }
        assert_true(read_keys(Algorithm::hs256, signer.pem()).keys.empty());
    }
}

void no_algorithm(void** /*state*/)
{
    const Signer signer(Algorithm::hs256);
    const TokenKeyList keys = read_keys(Algorithm::hs256, signer.secret());
    for (const char* name : {"none", "None", "NONE", "", "hs256", "HS256 ",
                             "RS257", "HS1", "dir"}) {
        const std::string header = R"({"alg":")" + std::string(name) + "\"}";
        assert_error(token_of(signer, header, kClaims), keys,
                     TokenError::unknown_key);
        assert_error(base64url(header) + '.' + base64url(kClaims) + '.', keys,
                     TokenError::unknown_key);
    }
    for (const char* header :
         {"{}", R"({"alg":null})", R"({"alg":["HS256"]})", R"({"alg":1})",
          R"({"alg":"HS256","alg":"HS256"})",
          R"({"alg":"HS256","x":{"a":1,"a":1}})",
          R"({"alg":"HS256","crit":["exp"]})", R"({"alg":"HS256","crit":null})",
          R"({"alg":"HS256","kid":7})", R"(["HS256"])", R"("HS256")", "",
          R"({"alg":"HS256"}x)", R"({"alg":"HS256",})", R"({"alg":"HS256")"}) {
        assert_error(token_of(signer, header, kClaims), keys,
                     TokenError::malformed);
    }
}

void keys_in_the_token_are_not_used(void** /*state*/)
{
    const Signer signer(Algorithm::es256);
    const Signer liar(Algorithm::es256);
    const TokenKeyList keys = read_keys(Algorithm::es256, signer.pem());
    assert_error(liar.token(kClaims, R"(,"jwk":)" + liar.jwk()), keys,
                 TokenError::signature);
    assert_error(signer.token(kClaims, R"(,"jwk":)" + liar.jwk()), keys,
                 TokenError::none);
    assert_error(
        signer.token(kClaims,
                     R"(,"jku":"http://x/","x5u":"x","x5c":[],"typ":"x")"),
        keys, TokenError::none);
}

void of_another_kid(void** /*state*/)
{
    const Signer one(Algorithm::es256);
    const Signer other(Algorithm::es256);
    const TokenKeyList set =
        read_jwks(R"({"keys":[)" + one.jwk(R"(,"kid":"one")") + "," +
                  other.jwk(R"(,"kid":"other")") + "]}");
    assert_error(one.token(kClaims, R"(,"kid":"one")"), set, TokenError::none);
    assert_error(one.token(kClaims, R"(,"kid":"other")"), set,
                 TokenError::signature);
    assert_error(one.token(kClaims, R"(,"kid":"third")"), set,
                 TokenError::unknown_key);
    assert_error(one.token(kClaims, R"(,"kid":"")"), set,
                 TokenError::unknown_key);
    // A key without a name is tried for any.
    assert_error(one.token(kClaims, R"(,"kid":"third")"), read_jwks(one.jwk()),
                 TokenError::none);
}

void of_whose_set_it_may_be(void** /*state*/)
{
    for (const Algorithm algorithm : kAll) {
        assert_int_equal(wants_public_key(signer_of(algorithm).token(kClaims)),
                         kind_of(algorithm) != KeyKind::secret);
    }
    const auto with_header = [](std::string_view header) {
        return base64url(header) + ".e30.AA";
    };
    assert_true(wants_public_key(with_header(R"({"alg":"ES256"})")));
    for (const char* header :
         {R"({"alg":"none"})", R"({"alg":"ES257"})", R"({"alg":7})", "{}", "[]",
          R"({"alg":"ES256","kid":7})", R"({"alg":"ES256","crit":["x"]})"}) {
        assert_false(wants_public_key(with_header(header)));
    }
    assert_false(wants_public_key(""));
    assert_false(wants_public_key("a.b.c"));
}

// The key that is asked for may be one that is not known yet, whatever those
// without a name say.
void of_a_kid_that_no_key_has(void** /*state*/)
{
    const Signer one(Algorithm::es256);
    const Signer other(Algorithm::es256);
    const TokenKeyList unnamed = read_jwks(one.jwk());
    assert_error(other.token(kClaims, R"(,"kid":"other")"), unnamed,
                 TokenError::unknown_key);
    assert_error(other.token(kClaims), unnamed, TokenError::signature);
    const TokenKeyList both = read_jwks(R"({"keys":[)" + one.jwk() + "," +
                                        one.jwk(R"(,"kid":"one")") + "]}");
    assert_error(other.token(kClaims, R"(,"kid":"one")"), both,
                 TokenError::signature);
    assert_error(other.token(kClaims, R"(,"kid":"other")"), both,
                 TokenError::unknown_key);
    // Of another algorithm it is another key.
    assert_error(Signer(Algorithm::es384).token(kClaims, R"(,"kid":"one")"),
                 both, TokenError::unknown_key);
}

void so_many_keys_are_tried(void** /*state*/)
{
    const Signer signer(Algorithm::hs256);
    std::string before;
    for (size_t i = 0; i + 1 < kMaxTokenKeys; i++) {
        before += Signer(Algorithm::hs256).jwk() + ",";
    }
    assert_error(signer.token(kClaims),
                 read_jwks(R"({"keys":[)" + before + signer.jwk() + "]}"),
                 TokenError::none);
    before += Signer(Algorithm::hs256).jwk() + ",";
    assert_error(signer.token(kClaims),
                 read_jwks(R"({"keys":[)" + before + signer.jwk() + "]}"),
                 TokenError::signature);
}

// Each bit of the whole token.
void one_bit_flipped(void** /*state*/)
{
    for (const Algorithm algorithm :
         {Algorithm::hs256, Algorithm::es256, Algorithm::eddsa}) {
        const Signer signer(algorithm);
        const TokenKeyList keys = read_keys(algorithm, key_text(signer));
        const std::string token = signer.token(kClaims);
        for (size_t i = 0; i < token.size() * 8; i++) {
            std::string bad = token;
            bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << i % 8));
            if (verify(bad, keys).error == TokenError::none) {
                fail_msg("bit %zu", i);
            }
        }
    }
}

void cut_and_added(void** /*state*/)
{
    const Signer signer(Algorithm::hs256);
    const TokenKeyList keys = read_keys(Algorithm::hs256, signer.secret());
    const std::string token = signer.token(kClaims);
    for (size_t i = 0; i < token.size(); i++) {
        if (verify(token.substr(0, i), keys).error == TokenError::none ||
            verify(token.substr(i + 1), keys).error == TokenError::none) {
            fail_msg("cut at %zu", i);
        }
    }
    for (const char* more : {".", "=", "==", "A", "AA", " ", "\n", ".AA"}) {
        if (verify(token + more, keys).error == TokenError::none ||
            verify(more + token, keys).error == TokenError::none) {
            fail_msg("with %s", more);
        }
    }
    const size_t dot = token.rfind('.');
    assert_error(token.substr(0, dot + 1), keys, TokenError::signature);
    assert_error(token.substr(0, dot), keys, TokenError::malformed);
}

// The same bytes, not written as base64url writes them.
void another_spelling(void** /*state*/)
{
    const Signer signer(Algorithm::hs256);
    const TokenKeyList keys = read_keys(Algorithm::hs256, signer.secret());
    std::string token = signer.token(kClaims);
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // 32 bytes leave two bits of the last letter that mean nothing.
    const size_t last = kLetters.find(token.back());
    for (size_t i = 1; i < 4; i++) {
        token.back() = kLetters[last ^ i];
        assert_error(token, keys, TokenError::malformed);
    }
    assert_false(decode_base64url("AB+/").has_value());
    assert_false(decode_base64url("AA==").has_value());
    assert_false(decode_base64url("A").has_value());
    assert_false(decode_base64url("AB").has_value());
    assert_text(*decode_base64url("AA"), std::string_view("\0", 1));
    assert_text(*decode_base64url("-_8"), "\xfb\xff");
}

void claims_that_are_none(void** /*state*/)
{
    const Signer signer(Algorithm::hs256);
    const TokenKeyList keys = read_keys(Algorithm::hs256, signer.secret());
    for (const char* claims :
         {"", "[]", "\"ann\"", "1", "null", "{", "{}}",
          R"({"sub":"ann","sub":"bob"})", R"({"a":{"b":1,"b":2}})",
          R"({"exp":NaN})", R"({"exp":1e999})", R"({"exp":+1})", "\xff",
          "{\"sub\":\"\xff\"}"}) {
        assert_error(signer.token(claims), keys, TokenError::malformed);
    }
}

void size_limit(void** /*state*/)
{
    const Signer signer(Algorithm::hs256);
    const TokenKeyList keys = read_keys(Algorithm::hs256, signer.secret());
    const auto of_size = [&](size_t padding) {
        return signer.token(R"({"x":")" + std::string(padding, 'x') + "\"}");
    };
    size_t padding = 6000;
    while (of_size(padding).size() < kMaxTokenBytes) {
        padding++;
    }
    while (of_size(padding).size() > kMaxTokenBytes) {
        padding--;
    }
    assert_error(of_size(padding), keys, TokenError::none);
    assert_error(of_size(padding + 3), keys, TokenError::malformed);
}

// r and s have the curve's size, and are no DER.
void curve_signatures(void** /*state*/)
{
    const Signer signer(Algorithm::es256);
    const TokenKeyList keys = read_keys(Algorithm::es256, signer.pem());
    const std::string text =
        base64url(R"({"alg":"ES256"})") + '.' + base64url(kClaims);
    const std::string good = signer.sign(text);
    const std::string r = good.substr(0, 32);
    const std::string s = good.substr(32);
    const std::string nought(32, '\0');
    assert_error(text + '.' + base64url(good), keys, TokenError::none);
    for (const std::string& bad :
         {'\0' + r + '\0' + s, r, good + '\0', r + s.substr(0, 31),
          nought + nought, r + nought, nought + s, s + r, std::string(),
          "\x30\x44\x02\x20" + r + "\x02\x20" + s}) {
        assert_error(text + '.' + base64url(bad), keys, TokenError::signature);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm),
        cmocka_unit_test(another_algorithm),
        cmocka_unit_test(public_key_as_secret),
        cmocka_unit_test(no_algorithm),
        cmocka_unit_test(keys_in_the_token_are_not_used),
        cmocka_unit_test(of_another_kid),
        cmocka_unit_test(of_whose_set_it_may_be),
        cmocka_unit_test(of_a_kid_that_no_key_has),
        cmocka_unit_test(so_many_keys_are_tried),
        cmocka_unit_test(one_bit_flipped),
        cmocka_unit_test(cut_and_added),
        cmocka_unit_test(another_spelling),
        cmocka_unit_test(claims_that_are_none),
        cmocka_unit_test(size_limit),
        cmocka_unit_test(curve_signatures),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
