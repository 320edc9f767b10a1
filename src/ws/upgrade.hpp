// Whether an HTTP request may become a WebSocket (RFC 6455 section 4.2.1).
//
// nginx's side checks all of it: libwebsockets is lenient here, and crashes
// without a key.
#pragma once

#include "ngx/ngx.hpp"
#include "ws/deflate_offer.hpp"

#include <string_view>

namespace ws_pubsub {

struct Upgrade {
    std::string_view key; // in the request's memory
    DeflateAnswer deflate;
};

// NGX_OK, and `upgrade` is filled in; or the HTTP status to answer with, its
// headers set; or NGX_DONE, the answer was sent. `protocol`: the sub-protocol
// that the client has to offer; empty: any or none.
ngx_int_t check_upgrade(ngx_http_request_t* r, std::string_view protocol,
                        bool compression, Upgrade& upgrade);

} // namespace ws_pubsub
