// Owners of OpenSSL's objects.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace ws_pubsub {

template <auto free>
struct OpensslDeleter {
    template <class T>
    void operator()(T* object) const
    {
        free(object);
    }
};

using OpensslBio = std::unique_ptr<BIO, OpensslDeleter<BIO_free>>;
using OpensslNumber = std::unique_ptr<BIGNUM, OpensslDeleter<BN_clear_free>>;
using OpensslKey = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using OpensslKeyContext =
    std::unique_ptr<EVP_PKEY_CTX, OpensslDeleter<EVP_PKEY_CTX_free>>;
using OpensslDigest =
    std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;
using OpensslMac = std::unique_ptr<EVP_MAC, OpensslDeleter<EVP_MAC_free>>;
using OpensslMacContext =
    std::unique_ptr<EVP_MAC_CTX, OpensslDeleter<EVP_MAC_CTX_free>>;

// What OpenSSL notes about failures within its scope is forgotten: nginx takes
// what is left for errors of its TLS connections.
class OpensslErrors {
public:
    OpensslErrors() { ERR_set_mark(); }
    ~OpensslErrors() { ERR_pop_to_mark(); }
    OpensslErrors(const OpensslErrors&) = delete;
    OpensslErrors& operator=(const OpensslErrors&) = delete;
};

} // namespace ws_pubsub
