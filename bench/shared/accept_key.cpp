#include "shared/accept_key.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace ws_bench {

std::string accept_key(std::string_view key)
{
    std::string text(key);
    text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest);
    unsigned char encoded[(SHA_DIGEST_LENGTH + 2) / 3 * 4 + 1];
    EVP_EncodeBlock(encoded, digest, SHA_DIGEST_LENGTH);
    return reinterpret_cast<const char*>(encoded);
}

} // namespace ws_bench
