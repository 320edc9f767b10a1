// POST, PUT and PATCH of a topic: what the headers ask for, and the publish
// itself.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

#include "http/api.hpp"

namespace ws_pubsub {

// Reads the body, then publishes it, or what the value is after the patch that
// the body is. To be returned from a content handler.
ngx_int_t start_publish(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                        std::string topic);

} // namespace ws_pubsub
