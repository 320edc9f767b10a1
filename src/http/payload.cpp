#include "ngx/ngx.hpp"

#include "http/payload.hpp"

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "http/answer.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"
#include "proto/command.hpp"

namespace ws_pubsub {

namespace {

std::string_view media_type(std::string_view content_type)
{
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) {
        type.remove_suffix(1);
    }
    return type;
}

bool starts_with_fold(std::string_view text, std::string_view start)
{
    return equal_fold(text.substr(0, start.size()), start);
}

bool ends_with_fold(std::string_view text, std::string_view end)
{
    return text.size() >= end.size() &&
           equal_fold(text.substr(text.size() - end.size()), end);
}

} // namespace

std::string_view content_type(ngx_http_request_t* r)
{
    const ngx_table_elt_t* header = r->headers_in.content_type;
    return header == nullptr ? std::string_view{} : view(header->value);
}

bool is_media_type(std::string_view content_type, std::string_view type)
{
    return equal_fold(media_type(content_type), type);
}

Result<Payload> classify(std::string_view content_type, std::string_view body)
{
    if (content_type.size() > kMaxContentTypeBytes) {
        return Error{Errc::bad_request, "Content-Type is too long"};
    }
    const std::string_view type = media_type(content_type);
    if (equal_fold(type, kJsonType) || ends_with_fold(type, "+json")) {
        if (!is_json(body)) {
            return Error{Errc::bad_request, "the body is not JSON"};
        }
        return Payload{PayloadKind::json,
                       content_type == kJsonType ? "" : content_type};
    }
    const bool utf8 = is_utf8(body);
    if (starts_with_fold(type, "text/")) {
        if (!utf8) {
            return Error{Errc::bad_request, "the text is not UTF-8"};
        }
        return Payload{PayloadKind::text, content_type};
    }
    // What tools send who were not told what it is.
    if (type.empty() || equal_fold(type, "application/x-www-form-urlencoded")) {
        return Payload{utf8 ? PayloadKind::text : PayloadKind::binary, ""};
    }
    return Payload{PayloadKind::binary, content_type};
}

} // namespace ws_pubsub
