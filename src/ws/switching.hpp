// The answer to an upgrade: 101 Switching Protocols (RFC 6455 section 4.2.2).
//
// libwebsockets makes it, and nginx sends it, so that add_header, the log and
// filters see it.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "ws/upgrade.hpp"

namespace ws_pubsub {

// Makes libwebsockets' answer, a response head, that of the request.
// `subprotocol`: the one that was chosen; empty: none. False: out of memory.
[[nodiscard]] bool set_switching_answer(ngx_http_request_t* r,
                                        std::string_view answer,
                                        const Upgrade& upgrade,
                                        std::string_view subprotocol);

// Sends it, or as much as the socket takes: the rest waits in nginx. False:
// the request is to be finished with NGX_ERROR.
[[nodiscard]] bool send_switching_answer(ngx_http_request_t* r);

} // namespace ws_pubsub
