// The body of a request, wherever nginx has put it.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

namespace ws_pubsub {

// REQUIRES: nginx has read the body. nullopt: it can't be read back from the
// file that it was buffered to (the log says why).
std::optional<std::string> collect_body(ngx_http_request_t* r);

} // namespace ws_pubsub
