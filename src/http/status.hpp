// The status page: what a zone holds and has done.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "shm/store.hpp"

namespace ws_pubsub {

// JSON; lines `name value` for `?format=text` or `Accept: text/plain`; the text
// format of Prometheus for `?format=prometheus`, or where a version of it is
// accepted. To be returned from a content handler.
ngx_int_t handle_status(ngx_http_request_t* r, std::string_view zone,
                        Store& store);

} // namespace ws_pubsub
