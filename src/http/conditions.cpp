#include "ngx/ngx.hpp"

#include "http/conditions.hpp"

#include <algorithm>
#include <optional>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kKeyHeader = "Idempotency-Key";
constexpr Error kBadCondition{
    Errc::bad_request,
    "If-Match takes entity tags or *, If-None-Match takes *"};

std::string_view trim(std::string_view text)
{
    while (text.starts_with(' ') || text.starts_with('\t')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ') || text.ends_with('\t')) {
        text.remove_suffix(1);
    }
    return text;
}

// The position of an entity tag; that of no message for a tag that we never
// gave out, and for weak ones (RFC 9110 section 13.1.1). nullopt: no tag.
std::optional<Position> parse_tag(std::string_view tag)
{
    const bool weak = tag.starts_with("W/");
    tag.remove_prefix(weak ? 2 : 0);
    if (tag.size() < 2 || !tag.starts_with('"') || !tag.ends_with('"') ||
        tag.find('"', 1) != tag.size() - 1) {
        return std::nullopt;
    }
    const auto at = parse_position(tag.substr(1, tag.size() - 2));
    return weak || !at ? Position{UINT64_MAX, 0} : *at;
}

// Where the comma behind the first tag of a list is; tags may have some within.
size_t end_of_tag(std::string_view list)
{
    const size_t comma = list.find(',');
    const size_t quote = list.find('"');
    const size_t end = quote < comma ? list.find('"', quote + 1) : list.npos;
    return end == list.npos ? comma : list.find(',', end);
}

// Of several tags the one that is `newest`, if it is among them.
Result<Condition> parse_if_match(std::string_view list, const Position& newest)
{
    if (list == "*") {
        return Condition{Condition::Kind::exists, {}};
    }
    Condition condition{Condition::Kind::at, {UINT64_MAX, 0}};
    while (!list.empty()) {
        const size_t comma = std::min(end_of_tag(list), list.size());
        const std::string_view tag = trim(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (tag.empty()) { // RFC 9110 section 5.6.1.2
            continue;
        }
        const auto at = parse_tag(tag);
        if (!at) {
            return kBadCondition;
        }
        if (*at == newest) {
            condition.at = *at;
        }
    }
    return condition;
}

} // namespace

Result<Condition> read_condition(ngx_http_request_t* r, const Reader& reader,
                                 std::string_view topic)
{
    // nginx has found them already, if there are any.
    if (r->headers_in.if_match == nullptr &&
        r->headers_in.if_none_match == nullptr) {
        return Condition{};
    }
    const std::string if_match = join_headers(r, "If-Match");
    const std::string if_none_match = join_headers(r, "If-None-Match");
    if (!if_none_match.empty()) {
        if (if_none_match != "*" || !if_match.empty()) {
            return kBadCondition;
        }
        return Condition{Condition::Kind::absent, {}};
    }
    return if_match.empty() ? Result<Condition>(Condition{})
                            : parse_if_match(if_match, reader.newest(topic));
}

Result<bool> may_read(ngx_http_request_t* r, const Message& message)
{
    const auto& headers = r->headers_in;
    if (r != r->main || r->disable_not_modified) {
        return true;
    }
    if (headers.if_match != nullptr) {
        const auto condition =
            parse_if_match(join_headers(r, "If-Match"), message.at);
        if (!condition) {
            return condition.error();
        }
        if (condition->kind != Condition::Kind::exists &&
            condition->at != message.at) {
            return false;
        }
    }
    if (headers.if_unmodified_since == nullptr) {
        return true;
    }
    // RFC 9110 section 13.1.4: not beside If-Match, nor if it is no date. nginx
    // would look at it all the same.
    const ngx_str_t date = headers.if_unmodified_since->value;
    r->headers_in.if_unmodified_since = nullptr;
    const time_t since = ngx_parse_http_time(date.data, date.len);
    return headers.if_match != nullptr || since == NGX_ERROR ||
           since >= message.time_ms / 1000;
}

Result<std::string_view> read_idempotency_key(ngx_http_request_t* r)
{
    const ngx_table_elt_t* header = find_header(r, kKeyHeader);
    if (header == nullptr) {
        return std::string_view{};
    }
    const std::string_view key = view(header->value);
    if (key.empty() || key.size() > kMaxIdempotencyKeyBytes) {
        return Error{Errc::bad_request, "Idempotency-Key takes 1 to 128 bytes"};
    }
    return key;
}

bool is_conditional(ngx_http_request_t* r)
{
    return r->headers_in.if_match != nullptr ||
           r->headers_in.if_none_match != nullptr ||
           find_header(r, kKeyHeader) != nullptr;
}

} // namespace ws_pubsub
