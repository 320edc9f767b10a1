#include "token/key.hpp"

#include <array>
#include <cstdint>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>

namespace ws_pubsub {

namespace {

constexpr int kLeastRsaBits = 2048;

const uint8_t* bytes_of(std::string_view text)
{
    return reinterpret_cast<const uint8_t*>(text.data());
}

// With an exponent of 1 whatever is sent is its own signature.
bool is_strong_rsa(EVP_PKEY* key)
{
    BIGNUM* exponent = nullptr;
    if (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < kLeastRsaBits ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) {
        return false;
    }
    const OpensslNumber owner(exponent);
    return BN_is_odd(exponent) && !BN_is_one(exponent);
}

// Whether it is a point of the algorithm's curve.
bool is_on_curve(EVP_PKEY* key, Algorithm algorithm)
{
    std::array<char, 64> name{};
    size_t size = 0;
    if (!EVP_PKEY_is_a(key, "EC") ||
        EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1 ||
        std::string_view(name.data(), size) != curve_of(algorithm)) {
        return false;
    }
    const OpensslKeyContext context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
}

bool fits(EVP_PKEY* key, Algorithm algorithm)
{
    switch (kind_of(algorithm)) {
    case KeyKind::rsa:
        return is_strong_rsa(key);
    case KeyKind::curve:
        return is_on_curve(key, algorithm);
    case KeyKind::edwards:
        return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    case KeyKind::secret:
        break;
    }
    return false;
}

// The two numbers of a signature one behind the other (RFC 7518 section 3.4)
// in the form that OpenSSL takes. Empty: they have not the curve's size.
std::string der_signature(std::string_view signature, size_t number_bytes)
{
    std::string out;
    if (signature.size() != 2 * number_bytes) {
        return out;
    }
    const auto size = static_cast<int>(number_bytes);
    OpensslNumber r(BN_bin2bn(bytes_of(signature), size, nullptr));
    OpensslNumber s(
        BN_bin2bn(bytes_of(signature) + number_bytes, size, nullptr));
    const std::unique_ptr<ECDSA_SIG, OpensslDeleter<ECDSA_SIG_free>> pair(
        ECDSA_SIG_new());
    if (r == nullptr || s == nullptr || pair == nullptr ||
        ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) {
        return out;
    }
    static_cast<void>(r.release()); // the pair has them now
    static_cast<void>(s.release());
    const int length = i2d_ECDSA_SIG(pair.get(), nullptr);
    if (length > 0) {
        out.resize(static_cast<size_t>(length));
        auto* to = reinterpret_cast<uint8_t*>(out.data());
        i2d_ECDSA_SIG(pair.get(), &to);
    }
    return out;
}

} // namespace

std::optional<TokenKey> TokenKey::of_secret(Algorithm algorithm,
                                            std::string_view secret)
{
    const OpensslErrors errors;
    const OpensslMac hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    if (secret.empty() || hmac == nullptr) {
        return std::nullopt;
    }
    OpensslMacContext context(EVP_MAC_CTX_new(hmac.get()));
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(
            OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest_of(algorithm)), 0),
        OSSL_PARAM_construct_end()};
    if (context == nullptr ||
        EVP_MAC_init(context.get(), bytes_of(secret), secret.size(),
                     parameters.data()) != 1) {
        return std::nullopt;
    }
    TokenKey key(algorithm, std::move(context), nullptr);
    key.short_ = secret.size() < digest_bytes(algorithm);
    return key;
}

std::optional<TokenKey> TokenKey::of_public(Algorithm algorithm, OpensslKey key)
{
    const OpensslErrors errors;
    if (key == nullptr || !fits(key.get(), algorithm)) {
        return std::nullopt;
    }
    return TokenKey(algorithm, nullptr, std::move(key));
}

bool TokenKey::verify(std::string_view text, std::string_view signature) const
{
    const OpensslErrors errors;
    if (mac_ != nullptr) {
        return verify_mac(text, signature);
    }
    if (kind_of(algorithm_) == KeyKind::curve) {
        const std::string der =
            der_signature(signature, curve_bytes(algorithm_));
        return !der.empty() && verify_digest(text, der);
    }
    return verify_digest(text, signature);
}

bool TokenKey::verify_mac(std::string_view text,
                          std::string_view signature) const
{
    const OpensslMacContext context(EVP_MAC_CTX_dup(mac_.get()));
    std::array<uint8_t, EVP_MAX_MD_SIZE> mac{};
    size_t size = 0;
    return context != nullptr &&
           EVP_MAC_update(context.get(), bytes_of(text), text.size()) == 1 &&
           EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1 &&
           size == signature.size() &&
           CRYPTO_memcmp(mac.data(), signature.data(), size) == 0;
}

bool TokenKey::verify_digest(std::string_view text,
                             std::string_view signature) const
{
    const OpensslDigest context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* padding = nullptr; // the digest's own
    if (context == nullptr ||
        EVP_DigestVerifyInit_ex(context.get(), &padding, digest_of(algorithm_),
                                nullptr, nullptr, key_.get(), nullptr) != 1) {
        return false;
    }
    if (is_pss(algorithm_) &&
        (EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) !=
             1)) {
        return false;
    }
    return EVP_DigestVerify(context.get(), bytes_of(signature),
                            signature.size(), bytes_of(text), text.size()) == 1;
}

} // namespace ws_pubsub
