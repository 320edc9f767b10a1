#include "load/tls.hpp"

#include <algorithm>
#include <climits>

#include "shared/fail.hpp"

namespace ws_bench {

namespace {

SSL_CTX* make_context()
{
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr ||
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) {
        fail("OpenSSL");
    }
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
                                  SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // One recv for a record instead of one for its header and one for the rest.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

} // namespace

Tls::Tls(int fd)
{
    static SSL_CTX* context = make_context();
    ssl_.reset(SSL_new(context));
    if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd) != 1) {
        fail("OpenSSL");
    }
    SSL_set_connect_state(ssl_.get());
}

ssize_t Tls::outcome(int result) const
{
    if (result > 0) {
        return result;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1
                                                                         : 0;
}

ssize_t Tls::read(char* out, size_t bytes)
{
    return outcome(SSL_read(
        ssl_.get(), out, static_cast<int>(std::min<size_t>(bytes, INT_MAX))));
}

ssize_t Tls::write(const char* text, size_t bytes)
{
    return outcome(SSL_write(
        ssl_.get(), text, static_cast<int>(std::min<size_t>(bytes, INT_MAX))));
}

} // namespace ws_bench
