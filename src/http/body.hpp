// The body of a request, wherever nginx has put it.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ws_pubsub {

// Reads a body of up to about `limit` bytes (one sent in chunks may turn out
// larger), then calls on_body. To be returned from a content handler; answers
// 411, 413, and 415 to one that is encoded, itself.
ngx_int_t read_body(ngx_http_request_t* r, size_t limit,
                    ngx_http_client_body_handler_pt on_body);

// The body that was read: as it lies in nginx's buffer if it is in one, else
// put together in `collected`. nullopt: it is not at hand any more, or can't be
// read back from the file that it was buffered to (the log says why).
std::optional<std::string_view> body_of(ngx_http_request_t* r,
                                        std::string& collected);

} // namespace ws_pubsub
