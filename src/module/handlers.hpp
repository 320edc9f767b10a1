// What happens to a request at one of the module's locations.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// The content handler.
ngx_int_t handle_request(ngx_http_request_t* r);

} // namespace ws_pubsub
