#include "ngx/ngx.hpp"

#include "http/read.hpp"

#include <optional>

#include "base/position_text.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "ngx/response.hpp"

namespace ws_pubsub {

namespace {

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
    const auto limits = limit_argument(r);
    if (!limits) {
        return bad_argument(r, kBadLimit);
    }
    std::string json;
    const ReadAnswer answer = append_history(json, store, topic, from, *limits);
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

} // namespace ws_pubsub
