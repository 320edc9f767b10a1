// The status page: what a zone holds and has done.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "readers/store.hpp"

namespace ws_pubsub {

// Whether the worker can take sessions: 200 and {"ready":true}, else 503. For
// `?ready`, which load balancers ask. To be returned from a content handler.
ngx_int_t handle_ready(ngx_http_request_t* r, bool ready);
bool asks_ready(ngx_http_request_t* r);

// JSON; lines `name value` for `?format=text` or `Accept: text/plain`; the text
// format of Prometheus for `?format=prometheus`, or where a version of it is
// accepted. To be returned from a content handler.
ngx_int_t handle_status(ngx_http_request_t* r, std::string_view zone,
                        Store& store);

} // namespace ws_pubsub
