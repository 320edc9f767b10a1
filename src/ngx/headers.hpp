// Request and response headers of an HTTP request.
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <string_view>

namespace ws_pubsub {

// The first request header of that name, in any case; nullptr if none.
ngx_table_elt_t* find_header(ngx_http_request_t* r, std::string_view name);

// The values of all request headers of that name, joined by ", ".
std::string join_headers(ngx_http_request_t* r, std::string_view name);

// Whether a header value is a list that has `token`, in any case.
bool has_token(std::string_view list, std::string_view token);

// Adds a response header; false when there is no memory.
bool add_header(ngx_http_request_t* r, std::string_view name,
                std::string_view value);

// Adds Cache-Control in such a way that nginx's `expires` replaces it; false
// when there is no memory.
bool set_cache_control(ngx_http_request_t* r, std::string_view value);

} // namespace ws_pubsub
