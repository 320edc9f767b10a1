// The request headers of a request of our own.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

namespace ws_pubsub {

// Before the first one. False: no memory.
bool begin_headers(ngx_http_request_t& r);

// Copies those of an upgrade that are its hooks', too. False: no memory, or
// nginx does not take them.
bool copy_headers(const ngx_http_request_t& from, ngx_http_request_t& to);

// Adds one. False: as above.
bool add_request_header(ngx_http_request_t& r, std::string_view name,
                        std::string_view value);

} // namespace ws_pubsub
