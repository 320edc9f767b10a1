#include "ngx/ngx.hpp"

#include "redis/tls.hpp"

#include "ngx/pool.hpp"

namespace ws_pubsub::redis {

#if (NGX_SSL)

namespace {

constexpr ngx_uint_t kProtocols = NGX_SSL_TLSv1_2 | NGX_SSL_TLSv1_3;
constexpr ngx_int_t kMostIssuers = 9;

// That this name, or address, is what the certificate has to be for.
bool set_name(SSL* ssl, const std::string& name)
{
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
    const std::string bare =
        name.starts_with('[') ? name.substr(1, name.size() - 2) : name;
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, bare.c_str()) == 1) {
        return true; // RFC 6066 section 3: the server is not told an address
    }
    ERR_clear_error();
    return X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size()) == 1 &&
           SSL_set_tlsext_host_name(ssl, const_cast<char*>(name.c_str())) == 1;
}

} // namespace

const Tls* Tls::make(ngx_conf_t* cf, ngx_str_t* trusted_certificate)
{
    Tls* tls = make_in_pool<Tls>(cf->pool);
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (tls == nullptr || cleanup == nullptr) {
        return nullptr;
    }
    tls->ssl_.log = cf->log;
    if (ngx_ssl_create(&tls->ssl_, kProtocols, nullptr) != NGX_OK) {
        return nullptr;
    }
    cleanup->handler = ngx_ssl_cleanup_ctx;
    cleanup->data = &tls->ssl_;
    tls->verifies_ = trusted_certificate != nullptr;
    return !tls->verifies_ || ngx_ssl_trusted_certificate(
                                  cf, &tls->ssl_, trusted_certificate,
                                  kMostIssuers) == NGX_OK
               ? tls
               : nullptr;
}

ngx_int_t Tls::begin(ngx_connection_t* c, const std::string& name,
                     ngx_connection_handler_pt done) const
{
    if (ngx_ssl_create_connection(&ssl_, c, NGX_SSL_CLIENT) != NGX_OK ||
        !set_name(c->ssl->connection, name)) {
        return NGX_ERROR;
    }
    c->ssl->handler = done;
    return ngx_ssl_handshake(c);
}

std::string Tls::fault(ngx_connection_t* c) const
{
    if (!c->ssl->handshaked) {
        return "the TLS handshake has failed";
    }
    const long result = SSL_get_verify_result(c->ssl->connection);
    return !verifies_ || result == X509_V_OK
               ? ""
               : std::string("its certificate is not good: ") +
                     X509_verify_cert_error_string(result);
}

void Tls::end(ngx_connection_t* c)
{
    if (c->ssl != nullptr) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;
        ngx_ssl_shutdown(c);
    }
}

#else

const Tls* Tls::make(ngx_conf_t* cf, ngx_str_t* /*trusted_certificate*/)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "rediss:// needs an nginx that has TLS");
    return nullptr;
}

ngx_int_t Tls::begin(ngx_connection_t* /*c*/, const std::string& /*name*/,
                     ngx_connection_handler_pt /*done*/) const
{
    return NGX_ERROR;
}

std::string Tls::fault(ngx_connection_t* /*c*/) const
{
    return {};
}

void Tls::end(ngx_connection_t* /*c*/) {}

#endif

} // namespace ws_pubsub::redis
