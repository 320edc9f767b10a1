#include "ngx/ngx.hpp"

#include "http/control_request.hpp"

#include <string>

#include "base/position_text.hpp"
#include "base/topic.hpp"
#include "base/utf8.hpp"
#include "http/arguments.hpp"
#include "json/value.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kSessions = "sessions";
constexpr std::string_view kSubscriptions = "subscriptions";
constexpr std::string_view kRevocations = "revocations";
constexpr std::string_view kUnsubscribe = "unsubscribe";

constexpr Error kNoFilter{Errc::bad_request,
                          "say which sessions: user, identity or all"};
constexpr Error kNoCloseFilter{
    Errc::bad_request, "say which sessions: user, identity, topic or all=1"};

constexpr uint16_t kFirstFreeCode = 3000;
constexpr uint16_t kLastFreeCode = 4999;

Error bad(std::string_view message)
{
    return {Errc::bad_request, message};
}

bool is_close_code(uint64_t code)
{
    return code == kCloseNormal || code == kCloseGoingAway ||
           code == kClosePolicy ||
           (code >= kFirstFreeCode && code <= kLastFreeCode);
}

// What the query says of which sessions. An empty text is none: it may come of
// a variable that is.
std::optional<Error> read_filter(ngx_http_request_t* r, SessionFilter& filter)
{
    struct Part {
        std::string_view name;
        std::optional<std::string> SessionFilter::*to;
    };
    constexpr Part kParts[] = {{"user", &SessionFilter::user},
                               {"identity", &SessionFilter::identity},
                               {"topic", &SessionFilter::topic},
                               {"endpoint", &SessionFilter::endpoint}};
    for (const Part& part : kParts) {
        auto text = argument(r, part.name);
        if (text && (text->empty() || !is_utf8(*text))) {
            return bad("user, identity, topic and endpoint are texts");
        }
        filter.*part.to = std::move(text);
    }
    if (filter.topic && !Selector::parse(*filter.topic)) {
        return bad("topic must be that of a subscription");
    }
    return std::nullopt;
}

// A member that is a text, if it is there. False: it is something else.
bool take_text(const json_t* object, const char* name,
               std::optional<std::string>& to)
{
    const json_t* value = json_object_get(object, name);
    if (value == nullptr) {
        return true;
    }
    if (!json_is_string(value) || json_text(value).empty()) {
        return false;
    }
    to = json_text(value);
    return true;
}

} // namespace

ControlPath control_path(std::string_view path)
{
    using Kind = ControlPath::Kind;
    if (path == kSessions) {
        return {Kind::sessions, std::nullopt};
    }
    if (path == kRevocations) {
        return {Kind::revocations, std::nullopt};
    }
    if (!path.starts_with(kSessions) || path[kSessions.size()] != '/') {
        return {};
    }
    path.remove_prefix(kSessions.size() + 1);
    if (path == kUnsubscribe) {
        return {Kind::unsubscribe, std::nullopt};
    }
    const size_t slash = path.find('/');
    const auto id = parse_session_id(path.substr(0, slash));
    if (!id) {
        return {};
    }
    if (slash == path.npos) {
        return {Kind::session, id};
    }
    path.remove_prefix(slash + 1);
    if (path == kSubscriptions || path == kUnsubscribe) {
        return {path == kSubscriptions ? Kind::subscriptions
                                       : Kind::unsubscribe,
                id};
    }
    return {};
}

bool ControlPath::allows(ngx_uint_t method) const
{
    const bool reads = (method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) != 0;
    switch (kind) {
    case Kind::sessions:
    case Kind::session:
        return reads || method == NGX_HTTP_DELETE;
    case Kind::subscriptions:
        return reads;
    case Kind::unsubscribe:
        return method == NGX_HTTP_POST;
    case Kind::revocations:
        return reads || method == NGX_HTTP_PUT || method == NGX_HTTP_DELETE;
    case Kind::none:
        break;
    }
    return false;
}

std::string_view ControlPath::allowed() const
{
    switch (kind) {
    case Kind::subscriptions:
        return "GET, HEAD";
    case Kind::unsubscribe:
        return "POST";
    case Kind::revocations:
        return "GET, HEAD, PUT, DELETE";
    default:
        return "GET, HEAD, DELETE";
    }
}

std::optional<Error> read_list(ngx_http_request_t* r, const ControlPath& path,
                               ControlRequest& request)
{
    ControlOrder& order = request.order;
    order.kind = OrderKind::list;
    order.subscriptions = path.kind == ControlPath::Kind::subscriptions;
    const auto limits = limit_argument(r);
    if (!limits) {
        return bad(kBadLimit);
    }
    request.limit = order.limit = items_of(*limits);
    if (path.kind == ControlPath::Kind::session) {
        return std::nullopt;
    }
    order.after = argument(r, "after").value_or("");
    if (order.subscriptions) {
        return is_utf8(order.after)
                   ? std::nullopt
                   : std::optional(bad("after must be a topic"));
    }
    if (!order.after.empty() && !parse_session_id(order.after)) {
        return bad("after must be the id of a session");
    }
    return read_filter(r, order.filter);
}

std::optional<Error> read_close(ngx_http_request_t* r, ControlRequest& request)
{
    ControlOrder& order = request.order;
    order.kind = OrderKind::close;
    if (!order.filter.id) {
        if (const auto fault = read_filter(r, order.filter)) {
            return fault;
        }
        const std::string all = argument(r, "all").value_or("0");
        if (all != "0" && all != "1") {
            return bad("all must be 0 or 1");
        }
        order.filter.all = all == "1";
        if (order.filter.is_empty()) {
            return kNoCloseFilter;
        }
    }
    if (const auto text = argument(r, "code")) {
        const uint64_t code = parse_number(*text).value_or(0);
        if (!is_close_code(code)) {
            return bad("code must be 1000, 1001, 1008 or from 3000 to 4999");
        }
        order.code = static_cast<uint16_t>(code);
    }
    order.reason = argument(r, "reason").value_or("");
    if (order.reason.size() > kMaxReasonBytes || !is_utf8(order.reason)) {
        return bad("reason must be UTF-8 of at most 123 bytes");
    }
    return std::nullopt;
}

std::optional<Error> read_unsubscribe(std::string_view body,
                                      ControlRequest& request)
{
    ControlOrder& order = request.order;
    order.kind = OrderKind::unsubscribe;
    json_error_t error;
    const JsonValue value = parse_json(body, 0, error);
    const json_t* object = value.get();
    if (!json_is_object(object)) {
        return bad("the body must be a JSON object");
    }
    std::optional<std::string> selector;
    if (!take_text(object, "topic", selector) ||
        !take_text(object, "user", order.filter.user) ||
        !take_text(object, "identity", order.filter.identity)) {
        return bad("user, identity and topic are texts");
    }
    if (!selector || !Selector::parse(*selector)) {
        return bad("topic must be a selector");
    }
    order.filter.all = json_is_true(json_object_get(object, "all"));
    order.selector = std::move(*selector);
    return order.filter.is_empty() ? std::optional(kNoFilter) : std::nullopt;
}

} // namespace ws_pubsub
