#include "ngx/ngx.hpp"

#include "http/control_answer.hpp"

#include <string>
#include <utility>

#include "http/answer.hpp"
#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kUnknownSession{Errc::unknown_topic, "unknown session"};
constexpr Error kMaybe{Errc::unavailable,
                       "not found, but not all workers have answered"};

void write_missing(JsonWriter& out, const std::vector<int32_t>& missing)
{
    out.name("missing").begin_array();
    for (const int32_t pid : missing) {
        out.number(static_cast<uint64_t>(pid));
    }
    out.end_array();
}

ngx_int_t answer_list(ngx_http_request_t* r, const ControlTally& tally,
                      const ControlRequest& request)
{
    const ControlTally::List list = tally.list(request.limit);
    std::string json;
    JsonWriter out(json);
    out.begin_object();
    out.name(request.order.subscriptions ? "subscriptions" : "sessions");
    out.begin_array();
    for (const std::string& row : list.rows) {
        out.raw(row);
    }
    out.end_array().name("more").boolean(list.more);
    write_missing(out, tally.missing());
    out.end_object();
    return send_text(r, kJsonType, std::move(json));
}

ngx_int_t answer_ended(ngx_http_request_t* r, const ControlTally& tally,
                       const ControlRequest& request)
{
    // There is one session of an id: who has not answered has it not.
    const bool is_whole =
        tally.is_complete() || (request.order.filter.id && tally.has_found());
    std::string json;
    JsonWriter out(json);
    out.begin_object();
    out.name(request.order.kind == OrderKind::unsubscribe ? "unsubscribed"
                                                          : "closed")
        .number(tally.ended());
    if (!is_whole) {
        write_missing(out, tally.missing());
    }
    out.end_object();
    return send_json(r, is_whole ? NGX_HTTP_OK : NGX_HTTP_ACCEPTED, json);
}

} // namespace

ngx_int_t answer_control(ngx_http_request_t* r, const ControlTally& tally,
                         const ControlRequest& request)
{
    const ControlOrder& order = request.order;
    const bool lists = order.kind == OrderKind::list;
    if (order.filter.id && !tally.has_found()) {
        if (tally.is_complete()) {
            return send_error(r, kUnknownSession);
        }
        if (lists) {
            return send_error(r, kMaybe);
        }
    }
    if (!lists) {
        return answer_ended(r, tally, request);
    }
    if (order.filter.id && !order.subscriptions) {
        const auto list = tally.list(1);
        return list.rows.empty() ? send_error(r, kUnknownSession)
                                 : send_text(r, kJsonType, list.rows.front());
    }
    return answer_list(r, tally, request);
}

} // namespace ws_pubsub
