#include "ngx/ngx.hpp"

#include "http/read.hpp"

#include <optional>

#include "base/position_text.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "http/conditions.hpp"
#include "http/pending_answer.hpp"

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

// A topic that exists and keeps no value has a tag, for publishers.
ngx_int_t answer_none(ngx_http_request_t* r, const ReadAnswer& answer)
{
    if (answer.expired || answer.newest.epoch == 0) {
        return send_error(r, answer.expired ? kExpired : kUnknownTopic);
    }
    return set_etag(r, answer.newest) ? send_error(r, kNoValue)
                                      : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

// nginx's own filter turns this into a 304 where a condition asks for it.
ngx_int_t get_value(ngx_http_request_t* r, const Reader& reader,
                    std::string_view topic)
{
    Batch batch;
    const ReadAnswer answer = reader.read(topic, {}, {}, batch);
    if (batch.empty()) {
        return answer_none(r, answer);
    }
    const Message message = batch[0].message;
    const auto goes_on = may_read(r, message);
    if (!goes_on) {
        return send_error(r, goes_on.error());
    }
    if (!set_etag(r, message.at)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!*goes_on) {
        return send_error(r, kConditionFails);
    }
    r->headers_out.last_modified_time = message.time_ms / 1000;
    return send_answer(r,
                       {NGX_HTTP_OK,
                        {},
                        message.content_type.empty() ? usual_type(message.kind)
                                                     : message.content_type,
                        message.payload});
}

ngx_int_t get_history(ngx_http_request_t* r, const Reader& reader,
                      std::string_view topic, const ReadFrom& from)
{
    const auto limits = limit_argument(r);
    if (!limits) {
        return bad_argument(r, kBadLimit);
    }
    std::string json;
    const ReadAnswer answer =
        append_history(json, reader, topic, from, *limits);
    if (const auto fault = fault_of(answer, from)) {
        if (answer.newest.epoch != 0 && !set_etag(r, answer.newest)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        return send_error(r, *fault);
    }
    return send_text(r, kJsonType, std::move(json));
}

} // namespace

ngx_int_t get_topic(ngx_http_request_t* r, const Publisher& publisher,
                    const Reader& reader, std::string_view topic)
{
    const auto since = argument(r, "since");
    const auto last = argument(r, "last");
    if (!since && !last) {
        return get_value(r, reader, topic);
    }
    ReadFrom from;
    if (since) {
        const auto at = parse_position(*since);
        if (!at || last) {
            return bad_argument(r, "since must be epoch.seq");
        }
        from.kind = ReadFrom::Kind::after;
        from.after = *at;
        if (auto pending = publisher.catch_up(topic, *at)) {
            return await_answer(
                r, std::move(pending),
                [r, reader, name = std::string(topic),
                 from](const Result<ChangeAnswer>& caught_up) {
                    return caught_up ? get_history(r, reader, name, from)
                                     : send_error(r, caught_up.error());
                });
        }
    } else {
        const auto number = parse_number(*last);
        if (!number || *number > UINT32_MAX) {
            return bad_argument(r, "last must be a number");
        }
        from.kind = ReadFrom::Kind::last;
        from.last = static_cast<uint32_t>(*number);
    }
    return get_history(r, reader, topic, from);
}

} // namespace ws_pubsub
