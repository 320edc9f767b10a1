// Logs a request before its end.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// As nginx does it at its end, which it does not do any more. REQUIRES: it was
// not logged.
void log_request(ngx_http_request_t* r);

} // namespace ws_pubsub
