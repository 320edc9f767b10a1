// Keys as text: PEM, JWK and JWK Set; the examples of the RFCs.
#include <string>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/base64.hpp"
#include "support/asserts.hpp"
#include "support/signer.hpp"
#include "token/jwk.hpp"
#include "token/pem.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void assert_refused(const std::string& jwk, std::string_view why)
{
    const TokenKeyList list = read_jwks(jwk);
    assert_true(list.keys.empty());
    assert_int_equal(list.refused.size(), 1);
    if (list.refused[0].find(why) == std::string::npos) {
        assert_text(list.refused[0], why);
    }
}

void assert_verifies(std::string_view jwk, std::string_view text,
                     std::string_view signature)
{
    const TokenKeyList list = read_jwks(jwk);
    assert_int_equal(list.keys.size(), 1);
    std::string bytes = *decode_base64url(signature);
    assert_true(list.keys[0].verify(text, bytes));
    bytes[0] = static_cast<char>(bytes[0] ^ 1);
    assert_false(list.keys[0].verify(text, bytes));
}

constexpr const char* kPayload7515 =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

void rfc_7515_a1(void** /*state*/)
{
    assert_verifies(
        R"({"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko)"
        R"(qQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})",
        std::string("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.") + kPayload7515,
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

void rfc_7515_a2(void** /*state*/)
{
    assert_verifies(
        R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k)"
        "0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNM"
        "sD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5r"
        "exMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Z"
        "wKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk"
        R"(2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})",
        std::string("eyJhbGciOiJSUzI1NiJ9.") + kPayload7515,
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuH"
        "Im4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdi"
        "uB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
        "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2"
        "w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77"
        "Rw");
}

void rfc_7515_a3(void** /*state*/)
{
    assert_verifies(
        R"({"kty":"EC","crv":"P-256",)"
        R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
        R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
        std::string("eyJhbGciOiJFUzI1NiJ9.") + kPayload7515,
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQ"
        "xfKTUJqPP3-Kg6NU1Q");
}

void rfc_7520_4_4(void** /*state*/)
{
    assert_verifies(
        R"({"kty":"oct","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037",)"
        R"("use":"sig","alg":"HS256",)"
        R"("k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"})",
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMx"
        "NGJjNzAzNyJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcg"
        "b3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBk"
        "b24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91"
        "IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
        "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0");
}

void rfc_8037_a4(void** /*state*/)
{
    assert_verifies(
        R"({"kty":"OKP","crv":"Ed25519",)"
        R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsP"
        "t9g7sVvpAr_MuM0KAg");
}

void refused_jwks(void** /*state*/)
{
    const Signer curve(Algorithm::es256);
    const Signer edwards(Algorithm::eddsa);
    for (const char* more :
         {R"(,"d":"AA")", R"(,"p":"AA")", R"(,"oth":[])", R"(,"d":null)"}) {
        assert_refused(curve.jwk(more), "private key");
        assert_refused(edwards.jwk(more), "private key");
    }
    for (const char* more :
         {R"(,"use":"enc")", R"(,"use":1)", R"(,"key_ops":["sign"])",
          R"(,"key_ops":[])", R"(,"key_ops":"verify")"}) {
        assert_refused(curve.jwk(more), "not for verifying");
    }
    assert_refused(curve.jwk(R"(,"kid":1)"), "kid");
    assert_refused(curve.jwk(R"(,"use":"sig","use":"sig")"), "no JSON object");
    assert_refused(R"({"kty":"oct","k":"AAAA"})", "no algorithm");
    assert_refused(R"({"kty":"oct","k":"AAAA","alg":"none"})", "no algorithm");
    assert_refused(R"({"kty":"oct","k":"","alg":"HS256"})", "malformed");
    assert_refused(R"({"kty":"oct","k":"A+==","alg":"HS256"})", "malformed");
    assert_refused(R"({"kty":"oct","k":"AAAA","alg":"ES256"})", "another kind");
    assert_refused(R"({"kty":"XX"})", "no algorithm");
    assert_refused(R"({"kty":"EC","crv":"secp256k1"})", "no algorithm");
    assert_refused(R"({"kty":"EC","crv":"P-256","alg":null})", "no algorithm");
    assert_refused(R"({"kty":"OKP","crv":"X25519","x":"AAAA"})", "malformed");
    assert_refused(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})", "malformed");
    assert_refused("[]", "no JSON object");
    assert_refused("", "no JSON object");
    assert_refused(R"({"keys":{}})", "no array");
    assert_refused(R"({"keys":[]})", "no keys");
    assert_refused(R"({"keys":[1]})", "key 1");
    assert_int_equal(
        read_jwks(curve.jwk(R"(,"key_ops":["verify"])")).keys.size(), 1);
}

// Points have the curve's size, and lie on it.
void refused_points(void** /*state*/)
{
    const std::string x = base64url(std::string(32, '\1'));
    const std::string with_x = R"({"kty":"EC","crv":"P-256","x":")" + x;
    assert_refused(with_x + R"(","y":")" + x + "\"}", "malformed");
    assert_refused(with_x + "\"}", "malformed");
    const std::string good = Signer(Algorithm::es256).jwk();
    std::string longer = good;
    longer.insert(longer.find(R"("x":")") + 5, "AAAA");
    assert_refused(longer, "malformed");
    std::string other = good;
    other.replace(other.find("P-256"), 5, "P-384");
    assert_refused(other, "another kind");
}

std::string short_rsa_pem()
{
    const OpensslKey key(EVP_RSA_gen(1024));
    const OpensslBio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PUBKEY(bio.get(), key.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<size_t>(size)};
}

void weak_rsa(void** /*state*/)
{
    const std::string n = base64url(std::string(256, '\xff'));
    const auto jwk = [](const std::string& modulus, const char* exponent) {
        return R"({"kty":"RSA","n":")" + modulus + R"(","e":")" + exponent +
               "\"}";
    };
    assert_int_equal(read_jwks(jwk(n, "AQAB")).keys.size(), 1);
    assert_refused(jwk(n, "AQ"), "weak"); // 1
    assert_refused(jwk(n, "Ag"), "weak"); // 2
    assert_refused(jwk(n, "AA"), "weak");
    assert_refused(jwk(base64url(std::string(255, '\xff')), "AQAB"), "weak");
    assert_true(read_keys(Algorithm::rs256, short_rsa_pem()).keys.empty());
    assert_true(read_keys(Algorithm::ps512, short_rsa_pem()).keys.empty());
}

void algorithms_without_saying(void** /*state*/)
{
    const auto without = [](std::string jwk) {
        const size_t at = jwk.find("\"alg\"");
        return jwk.erase(at, jwk.find(',', at) + 1 - at);
    };
    for (const Algorithm algorithm :
         {Algorithm::rs256, Algorithm::es256, Algorithm::es384,
          Algorithm::es512, Algorithm::eddsa}) {
        const TokenKeyList list = read_jwks(without(Signer(algorithm).jwk()));
        assert_int_equal(list.keys.size(), 1);
        assert_true(list.keys[0].algorithm() == algorithm);
    }
}

void good_ones_of_a_set(void** /*state*/)
{
    const Signer good(Algorithm::es384);
    const TokenKeyList list = read_jwks(R"({"keys":[{"kty":"X"},)" +
                                        good.jwk(R"(,"kid":"a")") + ",{}]}");
    assert_int_equal(list.keys.size(), 1);
    assert_text(list.keys[0].id(), "a");
    assert_int_equal(list.refused.size(), 2);
}

void no_secrets_of_others(void** /*state*/)
{
    const std::string set =
        R"({"keys":[{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3um"},)" +
        Signer(Algorithm::es256).jwk() + "]}";
    assert_int_equal(read_jwks(set).keys.size(), 2);
    const TokenKeyList list = read_jwks(set, SecretKeys::refused);
    assert_int_equal(list.keys.size(), 1);
    assert_true(list.keys[0].algorithm() == Algorithm::es256);
    assert_text(list.refused[0],
                "key 1: it is a secret, and others may know it");
}

void pem_files(void** /*state*/)
{
    const Signer one(Algorithm::es256);
    const Signer other(Algorithm::es256);
    const auto count = [](Algorithm algorithm, const std::string& text) {
        const TokenKeyList list = read_keys(algorithm, text);
        assert_int_equal(list.refused.size(), list.keys.empty() ? 1 : 0);
        return list.keys.size();
    };
    assert_int_equal(count(Algorithm::es256, one.pem()), 1);
    assert_int_equal(count(Algorithm::es256, "a word\n" + one.pem() + "\n"), 1);
    assert_int_equal(count(Algorithm::es256, one.pem() + other.pem()), 2);
    assert_int_equal(count(Algorithm::es384, one.pem()), 0);
    assert_int_equal(count(Algorithm::rs256, one.pem()), 0);
    assert_int_equal(count(Algorithm::eddsa, one.pem()), 0);
    assert_int_equal(
        count(Algorithm::es256, one.pem() + Signer(Algorithm::es384).pem()), 0);
    assert_int_equal(count(Algorithm::es256, ""), 0);
    assert_int_equal(count(Algorithm::es256, "no key"), 0);
    assert_int_equal(count(Algorithm::es256, one.pem().substr(0, 60)), 0);
    std::string private_key = one.pem();
    for (size_t at = private_key.find("PUBLIC"); at != std::string::npos;
         at = private_key.find("PUBLIC")) {
        private_key.replace(at, 6, "PRIVATE");
    }
    assert_int_equal(count(Algorithm::es256, one.pem() + private_key), 0);
}

void secrets(void** /*state*/)
{
    const auto tag = [](const char* text) {
        return read_keys(Algorithm::hs256, text);
    };
    assert_true(tag("").keys.empty());
    assert_true(tag("\n").keys.empty());
    assert_true(tag("short").keys[0].is_short());
    assert_false(tag("0123456789abcdef0123456789abcdef").keys[0].is_short());
    // One newline is the file's, and no more.
    const std::string mac = Signer(Algorithm::hs256, "secret").sign("x");
    assert_true(tag("secret").keys[0].verify("x", mac));
    assert_true(tag("secret\n").keys[0].verify("x", mac));
    assert_true(tag("secret\r\n").keys[0].verify("x", mac));
    assert_false(tag("secret\n\n").keys[0].verify("x", mac));
    assert_false(tag("secret").keys[0].verify("x", mac.substr(0, 31)));
    assert_false(tag("secret").keys[0].verify("x", ""));
}

// Nothing is left for those who look at OpenSSL's errors later.
void no_errors_are_left(void** /*state*/)
{
    const TokenKeyList list =
        read_keys(Algorithm::es256, Signer(Algorithm::es256).pem());
    ERR_clear_error();
    assert_false(list.keys[0].verify("x", std::string(64, '\1')));
    assert_false(list.keys[0].verify("x", std::string(64, '\xff')));
    assert_true(read_keys(Algorithm::rs256, "no key").keys.empty());
    assert_true(read_keys(Algorithm::rs256, short_rsa_pem()).keys.empty());
    assert_refused(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})", "malformed");
    assert_int_equal(ERR_peek_error(), 0);
}

// The salt is as long as the digest.
void salts(void** /*state*/)
{
    const OpensslKey key(EVP_RSA_gen(2048));
    EVP_PKEY_up_ref(key.get());
    const auto verifier =
        TokenKey::of_public(Algorithm::ps256, OpensslKey(key.get()));
    assert_true(verifier.has_value());
    for (const int salt : {0, 20, 31, 32, 33, 222}) {
        const OpensslDigest context(EVP_MD_CTX_new());
        EVP_PKEY_CTX* padding = nullptr;
        EVP_DigestSignInit_ex(context.get(), &padding, "SHA256", nullptr,
                              nullptr, key.get(), nullptr);
        EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt);
        std::string out(256, '\0');
        size_t size = out.size();
        const uint8_t text = 'x';
        assert_int_equal(EVP_DigestSign(context.get(),
                                        reinterpret_cast<uint8_t*>(out.data()),
                                        &size, &text, 1),
                         1);
        assert_true(verifier->verify("x", out) == (salt == 32));
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(rfc_7515_a1),
        cmocka_unit_test(rfc_7515_a2),
        cmocka_unit_test(rfc_7515_a3),
        cmocka_unit_test(rfc_7520_4_4),
        cmocka_unit_test(rfc_8037_a4),
        cmocka_unit_test(refused_jwks),
        cmocka_unit_test(refused_points),
        cmocka_unit_test(weak_rsa),
        cmocka_unit_test(algorithms_without_saying),
        cmocka_unit_test(good_ones_of_a_set),
        cmocka_unit_test(no_secrets_of_others),
        cmocka_unit_test(pem_files),
        cmocka_unit_test(secrets),
        cmocka_unit_test(no_errors_are_left),
        cmocka_unit_test(salts),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
