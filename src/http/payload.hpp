// What a body is, told by its Content-Type.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "base/message.hpp"
#include "base/result.hpp"

namespace ws_pubsub {

// The value of the Content-Type header; empty if there is none.
std::string_view content_type(ngx_http_request_t* r);

// Whether that names `type`, in any case, with whatever parameters.
bool is_media_type(std::string_view content_type, std::string_view type);

struct Payload {
    PayloadKind kind;
    std::string_view content_type; // to be kept; empty: the kind's usual one
};

// Errors: bad_request, the body is not what the type says.
Result<Payload> classify(std::string_view content_type, std::string_view body);

} // namespace ws_pubsub
