#include "ngx/ngx.hpp"

#include "http/remove.hpp"

#include <optional>
#include <vector>

#include "base/budget.hpp"
#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "http/conditions.hpp"
#include "http/request_work.hpp"

namespace ws_pubsub {

namespace {

// What it costs to remove one, in topics looked at.
constexpr size_t kRemovalCost = 4;

ngx_int_t answer_removed(ngx_http_request_t* r)
{
    return send_answer(r, {NGX_HTTP_NO_CONTENT, {}, {}, {}});
}

// Goes through the selection in path order.
class Removal final : public RequestWork {
public:
    Removal(ngx_http_request_t* r, const ApiEndpoint& endpoint,
            Selector selector)
        : RequestWork(r, endpoint.turns, Client::may_leave),
          endpoint_(endpoint), selector_(std::move(selector))
    {}

private:
    std::optional<ngx_int_t> go_on(size_t& left) override;

    ApiEndpoint endpoint_;
    Selector selector_;
    std::string after_;
    std::vector<TopicRow> rows_;
};

std::optional<ngx_int_t> Removal::go_on(size_t& left)
{
    const Access access = endpoint_.access();
    rows_.clear();
    const auto scanned =
        endpoint_.reader().scan(selector_, after_, SIZE_MAX, rows_, left);
    for (const TopicRow& row : rows_) {
        const auto removed = access.remove(row.path);
        if (!removed) {
            return send_error(request(), removed.error());
        }
        spend(left, kRemovalCost);
    }
    return scanned == Topics::Scan::ended
               ? std::optional(answer_removed(request()))
               : std::nullopt;
}

} // namespace

ngx_int_t remove_topic(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                       std::string_view topic)
{
    if (is_reserved(topic)) {
        return send_error(r, kReservedTopic);
    }
    const Access access = endpoint.access();
    if (!access.may_remove(topic)) {
        return send_error(r, kDenied);
    }
    const auto condition = read_condition(r, endpoint.reader(), topic);
    if (!condition) {
        return send_error(r, condition.error());
    }
    const auto removed = access.remove(topic, *condition);
    if (!removed) {
        const Position newest = endpoint.reader().newest(topic);
        if (newest.epoch != 0 && !set_etag(r, newest)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        return send_error(r, removed.error());
    }
    if (!*removed) {
        return send_error(r, kUnknownTopic);
    }
    return answer_removed(r);
}

ngx_int_t remove_selection(ngx_http_request_t* r, const ApiEndpoint& endpoint)
{
    auto selector = select_argument(r);
    if (!selector) {
        return send_error(r, {Errc::bad_request, "select must be a selector"});
    }
    if (is_reserved(selector->text())) {
        return send_error(r, kReservedTopic);
    }
    if (!endpoint.access().may_remove(*selector)) {
        return send_error(r, kDenied);
    }
    if (is_conditional(r)) {
        return send_error(
            r, {Errc::bad_request, "a selection has no conditions and no key"});
    }
    return start_work<Removal>(r, endpoint, std::move(*selector));
}

} // namespace ws_pubsub
