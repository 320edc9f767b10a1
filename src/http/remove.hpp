// DELETE of the API.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

#include "http/api.hpp"

namespace ws_pubsub {

// Both are to be returned from a content handler.

ngx_int_t remove_topic(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                       std::string_view topic);

// Removes the topics that select names and that are there. Of those that come
// to be meanwhile, some may be removed.
ngx_int_t remove_selection(ngx_http_request_t* r, const ApiEndpoint& endpoint);

} // namespace ws_pubsub
