// POST of a batch: lines of JSON, each of which publishes.
#pragma once

#include "ngx/ngx.hpp"

#include "http/api.hpp"

namespace ws_pubsub {

// Reads the body, then publishes line by line, and answers each with a line. To
// be returned from a content handler.
ngx_int_t start_batch(ngx_http_request_t* r, const ApiEndpoint& endpoint);

} // namespace ws_pubsub
