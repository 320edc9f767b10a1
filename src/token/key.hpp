// A key that verifies tokens, made once and used for many.
//
// It has one algorithm for ever: whoever makes a token has no say in how its
// signature is checked, so that a public key can't be taken for a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "token/algorithm.hpp"
#include "token/openssl.hpp"

namespace ws_pubsub {

class TokenKey {
public:
    // Of HS*; nullopt: the secret is empty. REQUIRES: kind_of() is `secret`.
    static std::optional<TokenKey> of_secret(Algorithm algorithm,
                                             std::string_view secret);
    // Of all others; nullopt: the key is not one for the algorithm, or too
    // weak (RSA below 2048 bits).
    static std::optional<TokenKey> of_public(Algorithm algorithm,
                                             OpensslKey key);

    [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
    // Its name in its JWK; empty: it has none, and may be tried for any.
    [[nodiscard]] std::string_view id() const { return id_; }
    void set_id(std::string_view id) { id_ = id; }
    // A secret that is shorter than its digest.
    [[nodiscard]] bool is_short() const { return short_; }

    // Whether the signature, decoded, is that of `text` (RFC 7515 section
    // 5.2). False also where OpenSSL has no memory.
    [[nodiscard]] bool verify(std::string_view text,
                              std::string_view signature) const;

private:
    TokenKey(Algorithm algorithm, OpensslMacContext mac, OpensslKey key)
        : algorithm_(algorithm), mac_(std::move(mac)), key_(std::move(key))
    {}

    [[nodiscard]] bool verify_mac(std::string_view text,
                                  std::string_view signature) const;
    [[nodiscard]] bool verify_digest(std::string_view text,
                                     std::string_view signature) const;

    Algorithm algorithm_;
    bool short_ = false;
    OpensslMacContext mac_; // of a secret; it is copied for each token
    OpensslKey key_;        // of all others
    std::string id_;
};

// What a text of keys is. Each one that was refused is named, and why.
struct TokenKeyList {
    std::vector<TokenKey> keys;
    std::vector<std::string> refused;
};

} // namespace ws_pubsub
