#include "ngx/ngx.hpp"

#include "http/api.hpp"

#include <optional>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/publish.hpp"
#include "ngx/response.hpp"
#include "ngx/text.hpp"
#include "proto/pages.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kUnknownTopic{Errc::unknown_topic, "unknown topic"};
constexpr Error kExpired{Errc::expired, "the value has expired"};
constexpr Error kBadTopic{Errc::bad_request, "not a valid topic"};

// A query argument, percent-decoded; nullopt if it is not there.
std::optional<std::string> argument(ngx_http_request_t* r,
                                    std::string_view name)
{
    ngx_str_t raw;
    auto* data = reinterpret_cast<u_char*>(const_cast<char*>(name.data()));
    if (ngx_http_arg(r, data, name.size(), &raw) != NGX_OK) {
        return std::nullopt;
    }
    std::string text(raw.len, '\0');
    auto* to = reinterpret_cast<u_char*>(text.data());
    u_char* end = to;
    u_char* from = raw.data;
    ngx_unescape_uri(&end, &from, raw.len, 0);
    text.resize(static_cast<size_t>(end - to));
    return text;
}

// False if there is a limit, but no good one.
bool read_limit(ngx_http_request_t* r, PageLimits& limits)
{
    limits = {0, kMaxPageBytes};
    const auto text = argument(r, "limit");
    if (!text) {
        return true;
    }
    const auto number = parse_number(*text);
    limits.items = number.value_or(0);
    return limits.items >= 1 && limits.items <= kMaxPageItems;
}

ngx_int_t bad_argument(ngx_http_request_t* r, std::string_view message)
{
    return send_error(r, NGX_HTTP_BAD_REQUEST, {Errc::bad_request, message});
}

std::string_view usual_type(PayloadKind kind)
{
    switch (kind) {
    case PayloadKind::text:
        return "text/plain; charset=utf-8";
    case PayloadKind::json:
        return kJsonType;
    case PayloadKind::binary:
        break;
    }
    return "application/octet-stream";
}

// nginx's own filter turns this into a 304 where a condition asks for it.
ngx_int_t get_value(ngx_http_request_t* r, Store& store, std::string_view topic)
{
    Batch batch;
    const ReadAnswer answer = store.read(topic, {}, {}, batch);
    if (batch.empty()) {
        return send_error(r, NGX_HTTP_NOT_FOUND,
                          answer.expired ? kExpired : kUnknownTopic);
    }
    const Message message = batch[0].message;
    if (!set_etag(r, message.at)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->headers_out.last_modified_time = message.time_ms / 1000;
    return send_response(r, {NGX_HTTP_OK,
                             {},
                             message.content_type.empty()
                                 ? usual_type(message.kind)
                                 : message.content_type,
                             message.payload});
}

ngx_int_t get_history(ngx_http_request_t* r, Store& store,
                      std::string_view topic, const ReadFrom& from)
{
    PageLimits limits{};
    if (!read_limit(r, limits)) {
        return bad_argument(r, "limit must be a number from 1 to 1000");
    }
    std::string json;
    const ReadAnswer answer = append_history(json, store, topic, from, limits);
    if (answer.newest.epoch == 0) {
        return send_error(r, NGX_HTTP_NOT_FOUND, kUnknownTopic);
    }
    if (from.kind == ReadFrom::Kind::after &&
        from.after.epoch != answer.newest.epoch) {
        if (!set_etag(r, answer.newest)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        return send_error(
            r, NGX_HTTP_PRECONDITION_FAILED,
            {Errc::other_epoch, "the position is of another epoch"});
    }
    return send_json(r, NGX_HTTP_OK, json);
}

ngx_int_t get_topic(ngx_http_request_t* r, Store& store, std::string_view topic)
{
    const auto since = argument(r, "since");
    const auto last = argument(r, "last");
    if (!since && !last) {
        return get_value(r, store, topic);
    }
    ReadFrom from;
    if (since) {
        const auto at = parse_position(*since);
        if (!at || last) {
            return bad_argument(r, "since must be epoch.seq");
        }
        from.kind = ReadFrom::Kind::after;
        from.after = *at;
    } else {
        const auto number = parse_number(*last);
        if (!number || *number > UINT32_MAX) {
            return bad_argument(r, "last must be a number");
        }
        from.kind = ReadFrom::Kind::last;
        from.last = static_cast<uint32_t>(*number);
    }
    return get_history(r, store, topic, from);
}

ngx_int_t get_selection(ngx_http_request_t* r, Store& store)
{
    const auto select = argument(r, "select");
    const auto selector = select ? Selector::parse(*select) : std::nullopt;
    if (!selector) {
        return bad_argument(r, "select must be a selector");
    }
    PageLimits limits{};
    if (!read_limit(r, limits)) {
        return bad_argument(r, "limit must be a number from 1 to 1000");
    }
    std::string json = "{\"topics\":";
    append_topics(json, store, *selector, argument(r, "after").value_or(""),
                  argument(r, "values").value_or("0") == "1", limits);
    return send_json(r, NGX_HTTP_OK, json);
}

ngx_int_t remove_topic(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                       std::string_view topic)
{
    if (is_reserved(topic)) {
        return send_error(r, NGX_HTTP_FORBIDDEN,
                          {Errc::denied, "the topic is reserved"});
    }
    const auto removed =
        endpoint.publisher.store.remove(topic, endpoint.clock.now_ms());
    if (!removed) {
        return send_error(r, NGX_HTTP_INSUFFICIENT_STORAGE, removed.error());
    }
    if (!*removed) {
        return send_error(r, NGX_HTTP_NOT_FOUND, kUnknownTopic);
    }
    return send_response(r, {NGX_HTTP_NO_CONTENT, {}, {}, {}});
}

bool publishes(const ngx_http_request_t* r)
{
    return (r->method & (NGX_HTTP_POST | NGX_HTTP_PUT)) != 0;
}

} // namespace

ngx_int_t handle_api(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                     std::string topic)
{
    const bool reads = (r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) != 0;
    if (!reads && !publishes(r) && r->method != NGX_HTTP_DELETE) {
        return send_error(r, NGX_HTTP_NOT_ALLOWED,
                          {Errc::unknown_op, "method not allowed"});
    }
    if (!is_topic(topic) && !(reads && topic.empty())) {
        return send_error(r, NGX_HTTP_BAD_REQUEST, kBadTopic);
    }
    if (publishes(r)) {
        return start_publish(r, endpoint, std::move(topic));
    }
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    if (r->method == NGX_HTTP_DELETE) {
        return remove_topic(r, endpoint, topic);
    }
    Store& store = endpoint.publisher.store;
    return topic.empty() ? get_selection(r, store) : get_topic(r, store, topic);
}

} // namespace ws_pubsub
