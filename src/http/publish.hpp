// POST and PUT of the API: what the headers ask for, and the publish itself.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

#include "http/api.hpp"

namespace ws_pubsub {

// Reads the body, then publishes it. To be returned from a content handler.
ngx_int_t start_publish(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                        std::string topic);

} // namespace ws_pubsub
