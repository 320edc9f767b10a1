#include "support/signer.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "base/base64.hpp"

namespace ws_pubsub {

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

std::string bytes_of_number(EVP_PKEY* key, const char* name, size_t size = 0)
{
    BIGNUM* number = nullptr;
    require(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    const OpensslNumber owner(number);
    std::string out(size > 0 ? size : static_cast<size_t>(BN_num_bytes(number)),
                    '\0');
    BN_bn2binpad(number, reinterpret_cast<uint8_t*>(out.data()),
                 static_cast<int>(out.size()));
    return out;
}

// r and s, one behind the other, of a signature in DER.
std::string raw_signature(const std::string& der, size_t number_bytes)
{
    const auto* data = reinterpret_cast<const uint8_t*>(der.data());
    ECDSA_SIG* pair =
        d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
    require(pair != nullptr);
    std::string out(2 * number_bytes, '\0');
    auto* to = reinterpret_cast<uint8_t*>(out.data());
    const auto size = static_cast<int>(number_bytes);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, size);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + number_bytes, size);
    ECDSA_SIG_free(pair);
    return out;
}

std::string text_in(BIO* bio)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<size_t>(size)};
}

} // namespace

std::string base64url(std::string_view bytes)
{
    std::string out;
    append_base64(out, bytes);
    for (char& c : out) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    while (out.ends_with('=')) {
        out.pop_back();
    }
    return out;
}

Signer::Signer(Algorithm algorithm) : algorithm_(algorithm)
{
    switch (kind_of(algorithm)) {
    case KeyKind::secret: {
        // as text: a newline at its end would not count
        std::array<uint8_t, 48> bytes{};
        RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
        secret_ =
            base64url({reinterpret_cast<char*>(bytes.data()), bytes.size()});
        return;
    }
    case KeyKind::rsa:
        key_.reset(EVP_RSA_gen(2048));
        break;
    case KeyKind::curve:
        key_.reset(EVP_EC_gen(curve_of(algorithm)));
        break;
    case KeyKind::edwards:
        key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        break;
    }
    require(key_ != nullptr);
}

Signer::Signer(Algorithm algorithm, const Signer& other)
    : algorithm_(algorithm), secret_(other.secret_), key_(other.key_.get())
{
    if (key_ != nullptr) {
        EVP_PKEY_up_ref(key_.get());
    }
}

std::string Signer::sign(std::string_view text) const
{
    const auto* data = reinterpret_cast<const uint8_t*>(text.data());
    if (!secret_.empty()) {
        std::array<uint8_t, EVP_MAX_MD_SIZE> mac{};
        unsigned size = 0;
        HMAC(EVP_get_digestbyname(digest_of(algorithm_)), secret_.data(),
             static_cast<int>(secret_.size()), data, text.size(), mac.data(),
             &size);
        return {reinterpret_cast<char*>(mac.data()), size};
    }
    const OpensslDigest context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* padding = nullptr;
    require(EVP_DigestSignInit_ex(context.get(), &padding,
                                  digest_of(algorithm_), nullptr, nullptr,
                                  key_.get(), nullptr) == 1);
    if (is_pss(algorithm_)) {
        EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST);
    }
    std::string out(1024, '\0');
    size_t size = out.size();
    require(EVP_DigestSign(context.get(),
                           reinterpret_cast<uint8_t*>(out.data()), &size, data,
                           text.size()) == 1);
    out.resize(size);
    return kind_of(algorithm_) == KeyKind::curve
               ? raw_signature(out, curve_bytes(algorithm_))
               : out;
}

std::string Signer::token(std::string_view claims,
                          std::string_view header) const
{
    return token_of(*this,
                    R"({"alg":")" + std::string(name_of(algorithm_)) + '"' +
                        std::string(header) + '}',
                    claims);
}

std::string token_of(const Signer& signer, std::string_view header,
                     std::string_view claims)
{
    const std::string text = base64url(header) + '.' + base64url(claims);
    return text + '.' + base64url(signer.sign(text));
}

std::string Signer::pem() const
{
    const OpensslBio bio(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_PUBKEY(bio.get(), key_.get()) == 1);
    return text_in(bio.get());
}

std::string Signer::der() const
{
    const OpensslBio bio(BIO_new(BIO_s_mem()));
    require(i2d_PUBKEY_bio(bio.get(), key_.get()) == 1);
    return text_in(bio.get());
}

std::string Signer::jwk(std::string_view more) const
{
    const auto member = [](const char* name, std::string_view bytes) {
        return std::string(",\"") + name + "\":\"" + base64url(bytes) + '"';
    };
    std::string out = R"({"alg":")" + std::string(name_of(algorithm_)) + '"';
    switch (kind_of(algorithm_)) {
    case KeyKind::secret:
        out += R"(,"kty":"oct")" + member("k", secret_);
        break;
    case KeyKind::rsa:
        out += R"(,"kty":"RSA")" +
               member("n", bytes_of_number(key_.get(), OSSL_PKEY_PARAM_RSA_N)) +
               member("e", bytes_of_number(key_.get(), OSSL_PKEY_PARAM_RSA_E));
        break;
    case KeyKind::curve: {
        const size_t size = curve_bytes(algorithm_);
        out += R"(,"kty":"EC","crv":"P-)" +
               std::string(size == 32   ? "256"
                           : size == 48 ? "384"
                                        : "521") +
               '"' +
               member("x", bytes_of_number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X,
                                           size)) +
               member("y", bytes_of_number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y,
                                           size));
        break;
    }
    case KeyKind::edwards: {
        std::array<uint8_t, 32> raw{};
        size_t size = raw.size();
        EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size);
        out += R"(,"kty":"OKP","crv":"Ed25519")" +
               member("x", {reinterpret_cast<char*>(raw.data()), size});
        break;
    }
    }
    return out + std::string(more) + '}';
}

} // namespace ws_pubsub
