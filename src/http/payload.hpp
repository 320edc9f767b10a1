// What a body is, told by its Content-Type.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string_view>

#include "base/message.hpp"
#include "base/result.hpp"

namespace ws_pubsub {

// The value of the Content-Type header; empty if there is none.
std::string_view content_type(ngx_http_request_t* r);

// Whether that names `type`, in any case, with whatever parameters.
bool is_media_type(std::string_view content_type, std::string_view type);

// Whether it is a form whose fields are parts of the body (RFC 7578), as PHP's
// curl makes of an array: to keep that with its boundaries helps nobody.
bool is_form_of_parts(std::string_view content_type);

// Whether no browser runs or draws as a page what comes with that type,
// however leniently it reads the type.
bool is_inert(std::string_view content_type);

// Whether JSON, which must not, begins with a byte order mark (RFC 8259 section
// 8.1). It could only be left out in what subscribers get, and the value would
// not be what was put.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
inline constexpr Error kMarked{Errc::bad_request,
                               "JSON must not begin with a byte order mark"};
bool is_marked_json(std::string_view content_type, std::string_view body);

struct Payload {
    PayloadKind kind;
    std::string_view content_type; // to be kept; empty: the kind's usual one
};

// Why messages of that type are not taken, whatever the body.
std::optional<Error> check_type(std::string_view content_type);

// Errors: bad_request, the body is not what the type says.
// REQUIRES: check_type() has nothing to say.
Result<Payload> classify(std::string_view content_type, std::string_view body);

} // namespace ws_pubsub
