// Conditional requests (RFC 9110 section 13) and idempotency keys.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "base/result.hpp"
#include "shm/store.hpp"

namespace ws_pubsub {

// What If-Match or If-None-Match asks of the topic.
Result<Condition> read_condition(ngx_http_request_t* r, Store& store,
                                 std::string_view topic);

// Of the Idempotency-Key header; empty: none. It lives as long as the request.
Result<std::string_view> read_idempotency_key(ngx_http_request_t* r);

// Whether there is any of these headers.
bool is_conditional(ngx_http_request_t* r);

} // namespace ws_pubsub
