#include "token/jwk.hpp"

#include <algorithm>
#include <array>

#include <openssl/core_names.h>

#include "base/base64.hpp"
#include "json/value.hpp"

namespace ws_pubsub {

namespace {

using OpensslParameters =
    std::unique_ptr<OSSL_PARAM, OpensslDeleter<OSSL_PARAM_free>>;
using OpensslBuilder =
    std::unique_ptr<OSSL_PARAM_BLD, OpensslDeleter<OSSL_PARAM_BLD_free>>;

// A key, or why it is none.
struct Made {
    std::optional<TokenKey> key;
    std::string_view why;
};

// A member that is a string; empty: it is not there, or something else.
std::string_view text_of(const json_t* jwk, const char* name)
{
    const json_t* member = json_object_get(jwk, name);
    return json_is_string(member) ? json_text(member) : std::string_view{};
}

std::optional<std::string> bytes_of(const json_t* jwk, const char* name)
{
    const std::string_view text = text_of(jwk, name);
    return text.empty() ? std::nullopt : decode_base64url(text);
}

const uint8_t* data_of(const std::string& bytes)
{
    return reinterpret_cast<const uint8_t*>(bytes.data());
}

// Members of private keys of any kind; `k`, of a secret, is none of them.
bool is_private(const json_t* jwk)
{
    constexpr std::array kNames = {"d", "p", "q", "dp", "dq", "qi", "oth"};
    return std::any_of(kNames.begin(), kNames.end(), [jwk](const char* name) {
        return json_object_get(jwk, name) != nullptr;
    });
}

// Whether `use` and `key_ops`, where they are, allow to verify.
bool may_verify(const json_t* jwk)
{
    const json_t* use = json_object_get(jwk, "use");
    if (use != nullptr && (!json_is_string(use) || json_text(use) != "sig")) {
        return false;
    }
    const json_t* operations = json_object_get(jwk, "key_ops");
    if (operations == nullptr) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const json_t* one = json_array_get(operations, i);
        if (json_is_string(one) && json_text(one) == "verify") {
            return true;
        }
    }
    return false;
}

OpensslKey key_from(const char* type, const OpensslBuilder& builder)
{
    const OpensslParameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    const OpensslKeyContext context(
        EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (parameters == nullptr || context == nullptr ||
        EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                          parameters.get()) != 1) {
        EVP_PKEY_free(key);
        return nullptr;
    }
    return OpensslKey(key);
}

OpensslKey rsa_key(const json_t* jwk)
{
    const auto modulus = bytes_of(jwk, "n");
    const auto exponent = bytes_of(jwk, "e");
    if (!modulus || !exponent) {
        return nullptr;
    }
    const OpensslNumber n(BN_bin2bn(
        data_of(*modulus), static_cast<int>(modulus->size()), nullptr));
    const OpensslNumber e(BN_bin2bn(
        data_of(*exponent), static_cast<int>(exponent->size()), nullptr));
    const OpensslBuilder builder(OSSL_PARAM_BLD_new());
    if (n == nullptr || e == nullptr || builder == nullptr ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) !=
            1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) !=
            1) {
        return nullptr;
    }
    return key_from("RSA", builder);
}

OpensslKey curve_key(const json_t* jwk, Algorithm algorithm)
{
    const auto x = bytes_of(jwk, "x");
    const auto y = bytes_of(jwk, "y");
    const size_t size = curve_bytes(algorithm);
    if (!x || !y || x->size() != size || y->size() != size) {
        return nullptr;
    }
    const std::string point = '\x04' + *x + *y; // SEC 1: not compressed
    const OpensslBuilder builder(OSSL_PARAM_BLD_new());
    if (builder == nullptr ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(),
                                        OSSL_PKEY_PARAM_GROUP_NAME,
                                        curve_of(algorithm), 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                         point.data(), point.size()) != 1) {
        return nullptr;
    }
    return key_from("EC", builder);
}

OpensslKey edwards_key(const json_t* jwk)
{
    const std::string_view curve = text_of(jwk, "crv");
    const char* type = curve == "Ed25519" ? "ED25519"
                       : curve == "Ed448" ? "ED448"
                                          : nullptr;
    const auto x = bytes_of(jwk, "x");
    if (type == nullptr || !x) {
        return nullptr;
    }
    return OpensslKey(EVP_PKEY_new_raw_public_key_ex(nullptr, type, nullptr,
                                                     data_of(*x), x->size()));
}

// The algorithm that the key says, or that goes without saying.
std::optional<Algorithm> algorithm_of(const json_t* jwk, std::string_view type)
{
    if (json_object_get(jwk, "alg") != nullptr) {
        return find_algorithm(text_of(jwk, "alg"));
    }
    if (type == "EC") {
        return algorithm_of_curve(text_of(jwk, "crv"));
    }
    if (type == "RSA") {
        return Algorithm::rs256;
    }
    return type == "OKP" ? std::optional(Algorithm::eddsa) : std::nullopt;
}

std::optional<TokenKey> key_of(const json_t* jwk, std::string_view type,
                               Algorithm algorithm)
{
    switch (kind_of(algorithm)) {
    case KeyKind::secret: {
        const auto secret = bytes_of(jwk, "k");
        return type == "oct" && secret ? TokenKey::of_secret(algorithm, *secret)
                                       : std::nullopt;
    }
    case KeyKind::rsa:
        return type == "RSA" ? TokenKey::of_public(algorithm, rsa_key(jwk))
                             : std::nullopt;
    case KeyKind::curve:
        return type == "EC" &&
                       algorithm_of_curve(text_of(jwk, "crv")) == algorithm
                   ? TokenKey::of_public(algorithm, curve_key(jwk, algorithm))
                   : std::nullopt;
    case KeyKind::edwards:
        return type == "OKP" ? TokenKey::of_public(algorithm, edwards_key(jwk))
                             : std::nullopt;
    }
    return std::nullopt;
}

Made make(const json_t* jwk, SecretKeys secrets)
{
    if (!json_is_object(jwk)) {
        return {std::nullopt, "it is no object"};
    }
    const json_t* id = json_object_get(jwk, "kid");
    if (id != nullptr && !json_is_string(id)) {
        return {std::nullopt, "its kid is no string"};
    }
    if (!may_verify(jwk)) {
        return {std::nullopt, "it is not for verifying signatures"};
    }
    if (is_private(jwk)) {
        return {std::nullopt, "it has parts of a private key in it"};
    }
    const std::string_view type = text_of(jwk, "kty");
    if (type == "oct" && secrets == SecretKeys::refused) {
        return {std::nullopt, "it is a secret, and others may know it"};
    }
    const auto algorithm = algorithm_of(jwk, type);
    if (!algorithm) {
        return {std::nullopt, "it has no algorithm that is known here"};
    }
    auto key = key_of(jwk, type, *algorithm);
    if (!key) {
        return {std::nullopt, "it is malformed, too weak, or of another kind "
                              "than its algorithm"};
    }
    if (id != nullptr) {
        key->set_id(json_text(id));
    }
    return {std::move(key), {}};
}

} // namespace

TokenKeyList read_jwks(std::string_view text, SecretKeys secrets)
{
    const OpensslErrors errors;
    TokenKeyList list;
    json_error_t error;
    const JsonValue value = parse_json(text, JSON_REJECT_DUPLICATES, error);
    if (!json_is_object(value.get())) {
        list.refused.emplace_back("it is no JSON object without repeated "
                                  "members");
        return list;
    }
    const json_t* set = json_object_get(value.get(), "keys");
    if (set != nullptr && !json_is_array(set)) {
        list.refused.emplace_back("its \"keys\" are no array");
        return list;
    }
    const size_t count = set == nullptr ? 1 : json_array_size(set);
    for (size_t i = 0; i < count; i++) {
        Made made = make(set == nullptr ? value.get() : json_array_get(set, i),
                         secrets);
        if (made.key) {
            list.keys.push_back(std::move(*made.key));
        } else {
            list.refused.push_back("key " + std::to_string(i + 1) + ": " +
                                   std::string(made.why));
        }
    }
    if (count == 0) {
        list.refused.emplace_back("it has no keys");
    }
    return list;
}

} // namespace ws_pubsub
