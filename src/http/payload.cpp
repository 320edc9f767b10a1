#include "ngx/ngx.hpp"

#include "http/payload.hpp"

#include <algorithm>
#include <array>

#include "base/equal_fold.hpp"
#include "base/limits.hpp"
#include "base/media_type.hpp"
#include "base/utf8.hpp"
#include "http/answer.hpp"
#include "json/check.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

bool starts_with_fold(std::string_view text, std::string_view start)
{
    return equal_fold(text.substr(0, start.size()), start);
}

bool ends_with_fold(std::string_view text, std::string_view end)
{
    return text.size() >= end.size() &&
           equal_fold(text.substr(text.size() - end.size()), end);
}

constexpr std::array<std::string_view, 10> kInertTypes = {
    kJsonType,   "text/plain", "application/octet-stream",
    "image/png", "image/jpeg", "image/gif",
    "image/bmp", "image/webp", "image/avif",
    kLinesType};

// RFC 9110 section 5.6.2
bool is_token(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
               (c >= 'a' && c <= 'z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) !=
                   std::string_view::npos;
    });
}

bool is_well_formed(std::string_view type)
{
    const size_t slash = std::min(type.find('/'), type.size());
    return is_token(type.substr(0, slash)) && slash < type.size() &&
           is_token(type.substr(slash + 1));
}

// An object or an array: what else is JSON may as well be meant as text.
bool looks_like_json(std::string_view body)
{
    const size_t first = body.find_first_not_of(" \t\r\n");
    return first != body.npos && (body[first] == '{' || body[first] == '[');
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

bool is_form_of_parts(std::string_view content_type)
{
    return starts_with_fold(media_type(content_type), "multipart/");
}

bool is_marked_json(std::string_view content_type, std::string_view body)
{
    return body.starts_with(kByteOrderMark) && is_json_type(content_type);
}

// Of several types in one header browsers take the last.
bool is_inert(std::string_view content_type)
{
    const std::string_view type = media_type(content_type);
    return content_type.find(',') == std::string_view::npos &&
           (std::any_of(kInertTypes.begin(), kInertTypes.end(),
                        [type](std::string_view inert) {
                            return equal_fold(type, inert);
                        }) ||
            (ends_with_fold(type, "+json") && is_well_formed(type)));
}

std::optional<Error> check_type(std::string_view content_type)
{
    if (content_type.size() > kMaxContentTypeBytes) {
        return Error{Errc::bad_request, "Content-Type is too long"};
    }
    if (has_control_character(content_type)) {
        return Error{Errc::bad_request, "Content-Type has a control character"};
    }
    return std::nullopt;
}

Result<Payload> classify(std::string_view content_type, std::string_view body)
{
    const std::string_view type = media_type(content_type);
    if (is_json_type(content_type)) {
        if (!is_json(body)) {
            return Error{Errc::bad_request, json_fault(body)};
        }
        return Payload{PayloadKind::json,
                       content_type == kJsonType ? "" : content_type};
    }
    const bool utf8 = is_utf8(body);
    if (is_text_type(content_type)) {
        if (!utf8) {
            return Error{Errc::bad_request, "the text is not UTF-8"};
        }
        return Payload{PayloadKind::text, content_type};
    }
    // What tools send who were not told what it is.
    if (type.empty() || equal_fold(type, "application/x-www-form-urlencoded")) {
        const bool json = looks_like_json(body) && is_json(body);
        return Payload{json   ? PayloadKind::json
                       : utf8 ? PayloadKind::text
                              : PayloadKind::binary,
                       ""};
    }
    return Payload{PayloadKind::binary, content_type};
}

} // namespace ws_pubsub
