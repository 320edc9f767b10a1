#include "token/pem.hpp"

#include <climits>

#include <openssl/pem.h>

namespace ws_pubsub {

namespace {

constexpr std::string_view kPemBegins = "-----BEGIN ";

TokenKeyList refusal(std::string why)
{
    TokenKeyList list;
    list.refused.push_back(std::move(why));
    return list;
}

std::string_view without_newline(std::string_view text)
{
    if (text.ends_with('\n')) {
        text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
    }
    return text;
}

// Everybody may have a public key: as a secret it is known to all.
TokenKeyList read_secret(Algorithm algorithm, std::string_view text)
{
    const std::string_view secret = without_newline(text);
    if (secret.find(kPemBegins) != std::string_view::npos) {
        return refusal("a key in PEM is no secret");
    }
    TokenKeyList list;
    if (auto key = TokenKey::of_secret(algorithm, secret)) {
        list.keys.push_back(std::move(*key));
    } else {
        list.refused.emplace_back("the secret is empty");
    }
    return list;
}

// Left alone, OpenSSL would ask at the terminal.
int no_password(char* /*to*/, int /*size*/, int /*writes*/, void* /*data*/)
{
    return -1;
}

} // namespace

TokenKeyList read_keys(Algorithm algorithm, std::string_view text)
{
    if (kind_of(algorithm) == KeyKind::secret) {
        return read_secret(algorithm, text);
    }
    const OpensslErrors errors;
    const OpensslBio bio(
        text.size() > INT_MAX
            ? nullptr
            : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    TokenKeyList list;
    size_t begun = 0;
    for (size_t at = text.find(kPemBegins); at != std::string_view::npos;
         at = text.find(kPemBegins, at + 1)) {
        begun++;
    }
    if (bio == nullptr || begun == 0) {
        return refusal("it is no public key in PEM");
    }
    for (; list.keys.size() < begun;) {
        OpensslKey read(
            PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr));
        if (read == nullptr) {
            return refusal("it has something else than public keys in PEM");
        }
        auto key = TokenKey::of_public(algorithm, std::move(read));
        if (!key) {
            return refusal("it has a key that is none for " +
                           std::string(name_of(algorithm)) +
                           ", or an RSA key below 2048 bits");
        }
        list.keys.push_back(std::move(*key));
    }
    return list;
}

} // namespace ws_pubsub
