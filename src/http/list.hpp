// GET and HEAD of the API for many topics.
#pragma once

#include "ngx/ngx.hpp"

#include "http/api.hpp"

namespace ws_pubsub {

// A page of the topics that select names. To be returned from a content
// handler.
ngx_int_t list_selection(ngx_http_request_t* r, const ApiEndpoint& endpoint);

} // namespace ws_pubsub
