// Conditional requests (RFC 9110 section 13) and idempotency keys.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "base/result.hpp"
#include "broker/reader.hpp"

namespace ws_pubsub {

// What If-Match or If-None-Match asks of the topic.
Result<Condition> read_condition(ngx_http_request_t* r, const Reader& reader,
                                 std::string_view topic);

// Whether If-Match and If-Unmodified-Since let the message be read. nginx would
// see to it too, but its 412 has neither our form nor the current tag.
Result<bool> may_read(ngx_http_request_t* r, const Message& message);

// Of the Idempotency-Key header; empty: none. It lives as long as the request.
Result<std::string_view> read_idempotency_key(ngx_http_request_t* r);

// Whether there is any of these headers.
bool is_conditional(ngx_http_request_t* r);

} // namespace ws_pubsub
