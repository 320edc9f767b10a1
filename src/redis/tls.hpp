// TLS to a Redis, by nginx's own functions.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

namespace ws_pubsub::redis {

class Tls {
public:
    // Of the configuration's pool. `trusted_certificate`: a file, with a
    // zero behind its name; without one nobody's certificate is looked at.
    // nullptr: the log has said why.
    static const Tls* make(ngx_conf_t* cf, ngx_str_t* trusted_certificate);

    // Begins the handshake with who should have that name, or address.
    // NGX_OK: it is done; NGX_AGAIN: `done` will be called; else NGX_ERROR.
    ngx_int_t begin(ngx_connection_t* c, const std::string& name,
                    ngx_connection_handler_pt done) const;
    // Why who has shaken hands is not to be talked to; empty: all is well.
    [[nodiscard]] std::string fault(ngx_connection_t* c) const;
    // Before the connection is closed: at once, without a farewell.
    static void end(ngx_connection_t* c);

private:
#if (NGX_SSL)
    mutable ngx_ssl_t ssl_{};
#endif
    bool verifies_ = false;
};

} // namespace ws_pubsub::redis
