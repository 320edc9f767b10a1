// What the API answers: JSON, entity tags, errors.
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <string_view>

#include "base/message.hpp"
#include "base/result.hpp"
#include "ngx/response.hpp"

namespace ws_pubsub {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kLinesType = "application/x-ndjson";
inline constexpr std::string_view kMergePatchType =
    "application/merge-patch+json";
inline constexpr std::string_view kJsonPatchType =
    "application/json-patch+json";

inline constexpr Error kReservedTopic{Errc::denied, "the topic is reserved"};

// All answers go through this: caches ask again before they give one out, and
// browsers take its type as it is said, and run nothing of it as a page of the
// site. To be used as send_response().
ngx_int_t send_answer(ngx_http_request_t* r, const Response& response);

ngx_int_t send_json(ngx_http_request_t* r, ngx_uint_t status,
                    std::string_view json);
// For texts that may be large: not copied.
ngx_int_t send_text(ngx_http_request_t* r, std::string_view content_type,
                    std::string text);

// {"error":{"code","message"}}; adds Accept-Patch to a 415 that a PATCH gets.
ngx_int_t send_error(ngx_http_request_t* r, ngx_uint_t status,
                     const Error& error);
// The same, with the status that belongs to the error.
ngx_int_t send_error(ngx_http_request_t* r, const Error& error);
// 405, with the methods that there are.
ngx_int_t send_not_allowed(ngx_http_request_t* r, std::string_view methods);
// 400, error 107.
ngx_int_t bad_argument(ngx_http_request_t* r, std::string_view message);

// Sets the ETag header to `"epoch.seq"`; false when there is no memory.
bool set_etag(ngx_http_request_t* r, const Position& at);

} // namespace ws_pubsub
