#include "ngx/ngx.hpp"

#include "http/read.hpp"

#include <optional>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "ngx/response.hpp"
#include "proto/pages.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kUnknownTopic{Errc::unknown_topic, "unknown topic"};
constexpr Error kExpired{Errc::expired, "the value has expired"};

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
    return send_text(r, kJsonType, std::move(json));
}

} // namespace

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
    const auto selector = select_argument(r);
    if (!selector) {
        return bad_argument(r, "select must be a selector");
    }
    PageLimits limits{};
    if (!read_limit(r, limits)) {
        return bad_argument(r, "limit must be a number from 1 to 1000");
    }
    const std::string values = argument(r, "values").value_or("0");
    if (values != "0" && values != "1") {
        return bad_argument(r, "values must be 0 or 1");
    }
    std::string json = "{\"topics\":";
    append_topics(json, store, *selector, argument(r, "after").value_or(""),
                  values == "1", limits);
    return send_text(r, kJsonType, std::move(json));
}

} // namespace ws_pubsub
