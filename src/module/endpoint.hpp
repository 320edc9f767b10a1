// A location that is a WebSocket endpoint: from a request to a session.
#pragma once

#include "ngx/ngx.hpp"

#include "module/config.hpp"
#include "module/worker.hpp"

namespace ws_pubsub {

// To be returned from the content handler.
ngx_int_t serve_endpoint(ngx_http_request_t* r, const LocationConf& conf,
                         Worker& worker, ZoneWorker& zone);

} // namespace ws_pubsub
