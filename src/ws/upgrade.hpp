// Whether an HTTP request may become a WebSocket (RFC 6455 section 4.2.1).
//
// nginx's side checks all of it: libwebsockets is lenient here, and crashes
// without a key.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string_view>

#include "ws/deflate_offer.hpp"

namespace ws_pubsub {

struct Upgrade {
    std::string_view key; // in the request's memory
    DeflateAnswer deflate;
};

// What a client gets who does not ask for a WebSocket.
inline constexpr ngx_uint_t kUpgradeRequired = 426;
ngx_int_t upgrade_required(ngx_http_request_t* r,
                           const char* why = "this is a WebSocket endpoint");

// nullopt, and `upgrade` is filled in; or what the content handler is to
// return: the request was refused. `protocol`: the sub-protocol that the
// client has to offer; empty: any or none.
std::optional<ngx_int_t> check_upgrade(ngx_http_request_t* r,
                                       std::string_view protocol,
                                       bool compression, Upgrade& upgrade);

} // namespace ws_pubsub
