// The parts of a request of our own: what nginx would have read of a client.
// All are copies. What returns false has had no memory, or nginx does not take
// it.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "module/own_server.hpp"

namespace ws_pubsub {

// A POST with the headers, URI and arguments of another one.
bool fill_like(const ngx_http_request_t& like, ngx_http_request_t& r);

// A GET or POST from nobody, which still has no URI.
bool fill_for(const OwnServer& server, ngx_uint_t method,
              ngx_http_request_t& r);

// `path` is not encoded.
bool set_uri(ngx_http_request_t& r, std::string_view path,
             std::string_view arguments);

// The request line, as the method and the URI have it.
bool set_line(ngx_http_request_t& r);

// An empty one is one, too; without a type.
bool set_body(ngx_http_request_t& r, std::string_view content_type,
              std::string_view body);

} // namespace ws_pubsub
