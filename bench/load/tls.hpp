// TLS 1.3 by OpenSSL, on a non-blocking socket. The peer's certificate is not
// checked: it is the bench's own.
#pragma once

#include <cstddef>
#include <memory>

#include <openssl/ssl.h>
#include <sys/types.h>

namespace ws_bench {

class Tls {
public:
    explicit Tls(int fd);

    // Each as recv() and send(): 0 is the end, and -1 means try again later;
    // a failure is an end too.
    ssize_t read(char* out, size_t bytes);
    ssize_t write(const char* text, size_t bytes);

private:
    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    [[nodiscard]] ssize_t outcome(int result) const;

    std::unique_ptr<SSL, Free> ssl_;
};

} // namespace ws_bench
