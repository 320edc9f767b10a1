// What the API answers: JSON, entity tags, errors.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "base/message.hpp"
#include "base/result.hpp"

namespace ws_pubsub {

inline constexpr std::string_view kJsonType = "application/json";

ngx_int_t send_json(ngx_http_request_t* r, ngx_uint_t status,
                    std::string_view json);

// {"error":{"code","message"}}; adds Allow to a 405.
ngx_int_t send_error(ngx_http_request_t* r, ngx_uint_t status,
                     const Error& error);

// Sets the ETag header to `"epoch.seq"`; false when there is no memory.
bool set_etag(ngx_http_request_t* r, const Position& at);

} // namespace ws_pubsub
