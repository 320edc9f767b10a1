#include "ngx/ngx.hpp"

#include "http/publish.hpp"

#include <algorithm>
#include <optional>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "base/topic.hpp"
#include "base/utf8.hpp"
#include "http/answer.hpp"
#include "http/body.hpp"
#include "ngx/guard.hpp"
#include "ngx/headers.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"
#include "proto/command.hpp"
#include "proto/json_text.hpp"

namespace ws_pubsub {

namespace {

// Waits for the body.
struct PublishRequest {
    ApiEndpoint endpoint;
    std::string topic;
    Condition condition;
    std::string idempotency_key;
};

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

// Of several tags the one that is `newest`, if it is among them.
std::optional<Condition> parse_if_match(std::string_view list,
                                        const Position& newest)
{
    if (list == "*") {
        return Condition{Condition::Kind::exists, {}};
    }
    Condition condition{Condition::Kind::at, {UINT64_MAX, 0}};
    while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        const auto at = parse_tag(trim(list.substr(0, comma)));
        if (!at) {
            return std::nullopt;
        }
        if (*at == newest) {
            condition.at = *at;
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return condition;
}

std::optional<Condition> read_condition(ngx_http_request_t* r, Store& store,
                                        std::string_view topic)
{
    const std::string if_match = join_headers(r, "If-Match");
    const std::string if_none_match = join_headers(r, "If-None-Match");
    if (!if_none_match.empty()) {
        if (if_none_match != "*" || !if_match.empty()) {
            return std::nullopt;
        }
        return Condition{Condition::Kind::absent, {}};
    }
    return if_match.empty() ? Condition{}
                            : parse_if_match(if_match, store.newest(topic));
}

// In lower case (RFC 9110 section 8.3.1), without parameters.
std::string media_type(std::string_view content_type)
{
    std::string type(trim(content_type.substr(0, content_type.find(';'))));
    for (char& c : type) {
        c = static_cast<char>(ngx_tolower(static_cast<u_char>(c)));
    }
    return type;
}

struct Payload {
    PayloadKind kind;
    std::string_view content_type; // to be kept; empty: the kind's usual one
};

// What the body is, told by its content type.
Result<Payload> classify(std::string_view content_type, std::string_view body)
{
    const std::string type = media_type(content_type);
    if (type == "application/json" || type.ends_with("+json")) {
        if (!is_json(body)) {
            return Error{Errc::bad_request, "the body is not JSON"};
        }
        return Payload{PayloadKind::json,
                       content_type == kJsonType ? "" : content_type};
    }
    const bool utf8 = is_utf8(body);
    if (type.starts_with("text/")) {
        if (!utf8) {
            return Error{Errc::bad_request, "the text is not UTF-8"};
        }
        return Payload{PayloadKind::text, content_type};
    }
    // What tools send who were not told what it is.
    if (type.empty() || type == "application/x-www-form-urlencoded") {
        return Payload{utf8 ? PayloadKind::text : PayloadKind::binary, ""};
    }
    return Payload{PayloadKind::binary, content_type};
}

ngx_int_t answer_failure(ngx_http_request_t* r, const PublishRequest& request,
                         const Error& error)
{
    if (error.code == Errc::zone_full) {
        return send_error(r, NGX_HTTP_INSUFFICIENT_STORAGE, error);
    }
    if (error.code != Errc::conflict) {
        return send_error(r, NGX_HTTP_INTERNAL_SERVER_ERROR, error);
    }
    const bool by_key = error.message.starts_with("the idempotency key");
    const Position newest =
        request.endpoint.publisher.store.newest(request.topic);
    if (newest.epoch != 0 && !set_etag(r, newest)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return send_error(
        r, by_key ? NGX_HTTP_CONFLICT : NGX_HTTP_PRECONDITION_FAILED, error);
}

ngx_int_t publish(ngx_http_request_t* r, const PublishRequest& request)
{
    const auto body = collect_body(r);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (body->size() > request.endpoint.max_message) {
        return send_error(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                          {Errc::limit, "the message is too big"});
    }
    const ngx_table_elt_t* header = r->headers_in.content_type;
    const std::string_view content_type =
        header == nullptr ? std::string_view{} : view(header->value);
    if (content_type.size() > kMaxContentTypeBytes) {
        return send_error(r, NGX_HTTP_BAD_REQUEST,
                          {Errc::bad_request, "Content-Type is too long"});
    }
    const auto payload = classify(content_type, *body);
    if (!payload) {
        return send_error(r, NGX_HTTP_BAD_REQUEST, payload.error());
    }

    Publication publication;
    publication.topic = request.topic;
    publication.kind = payload->kind;
    publication.content_type = payload->content_type;
    publication.payload = *body;
    publication.now_ms = request.endpoint.clock.now_ms();
    publication.condition = request.condition;
    publication.idempotency_key = request.idempotency_key;
    const auto published = request.endpoint.publisher.publish(publication);
    if (!published) {
        return answer_failure(r, request, published.error());
    }

    std::string json = "{\"topic\":";
    append_json_string(json, request.topic);
    json += ',';
    append_position(json, published->at);
    json += ",\"subscribers\":";
    append_number(json, published->subscribers);
    json += '}';
    if (!set_etag(r, published->at)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return send_json(
        r, published->subscribers > 0 ? NGX_HTTP_CREATED : NGX_HTTP_ACCEPTED,
        json);
}

void on_body(ngx_http_request_t* r)
{
    const auto* request = static_cast<PublishRequest*>(
        ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
    ngx_http_finalize_request(
        r, guarded([&] { return publish(r, *request); },
                   ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR}));
}

} // namespace

ngx_int_t start_publish(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                        std::string topic)
{
    if (is_reserved(topic)) {
        return send_error(r, NGX_HTTP_FORBIDDEN,
                          {Errc::denied, "the topic is reserved"});
    }
    // An HTTP/2 body needs neither.
    if (r->headers_in.content_length_n < 0 && !r->headers_in.chunked &&
        r->http_version < NGX_HTTP_VERSION_20) {
        return send_error(r, NGX_HTTP_LENGTH_REQUIRED,
                          {Errc::bad_request, "Content-Length is needed"});
    }
    if (r->headers_in.content_length_n >
        static_cast<off_t>(endpoint.max_message)) {
        return send_error(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                          {Errc::limit, "the message is too big"});
    }
    const auto condition = read_condition(r, endpoint.publisher.store, topic);
    if (!condition) {
        return send_error(r, NGX_HTTP_BAD_REQUEST, kBadCondition);
    }
    const ngx_table_elt_t* key = find_header(r, "Idempotency-Key");
    if (key != nullptr &&
        (key->value.len == 0 || key->value.len > kMaxIdempotencyKeyBytes)) {
        return send_error(
            r, NGX_HTTP_BAD_REQUEST,
            {Errc::bad_request, "Idempotency-Key takes 1 to 128 bytes"});
    }

    auto* request = make_in_pool<PublishRequest>(
        r->pool,
        PublishRequest{endpoint, std::move(topic), *condition,
                       key == nullptr ? std::string()
                                      : std::string(view(key->value))});
    if (request == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_http_set_ctx(r, request, ngx_ws_pubsub_module);
    const ngx_int_t rc = ngx_http_read_client_request_body(r, on_body);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

} // namespace ws_pubsub
