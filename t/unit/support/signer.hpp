// Makes keys and signs tokens with them, by OpenSSL itself: what the module
// reads and checks is made by none of its own code.
#pragma once

#include <string>
#include <string_view>

#include "token/algorithm.hpp"
#include "token/openssl.hpp"

namespace ws_pubsub {

std::string base64url(std::string_view bytes);

class Signer {
public:
    // A new key. HS*: a secret of 64 bytes.
    explicit Signer(Algorithm algorithm);
    // The same key for another algorithm of its kind.
    Signer(Algorithm algorithm, const Signer& other);
    // HS* with that secret.
    Signer(Algorithm algorithm, std::string secret)
        : algorithm_(algorithm), secret_(std::move(secret))
    {}

    [[nodiscard]] std::string sign(std::string_view text) const;
    // A token; `header` is more of its header, as `,"kid":"a"`.
    [[nodiscard]] std::string token(std::string_view claims,
                                    std::string_view header = {}) const;

    [[nodiscard]] const std::string& secret() const { return secret_; }
    // The public key.
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] std::string der() const;
    // A JWK of the public key, or the secret; `more` are more members, as
    // `,"kid":"a"`.
    [[nodiscard]] std::string jwk(std::string_view more = {}) const;

private:
    Algorithm algorithm_;
    std::string secret_;
    OpensslKey key_;
};

// Signed text behind a header of one's own.
std::string token_of(const Signer& signer, std::string_view header,
                     std::string_view claims);

} // namespace ws_pubsub
