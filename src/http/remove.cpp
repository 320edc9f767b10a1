#include "ngx/ngx.hpp"

#include "http/remove.hpp"

#include <optional>
#include <vector>

#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "http/conditions.hpp"
#include "ngx/request_work.hpp"
#include "ngx/response.hpp"

namespace ws_pubsub {

namespace {

// What one turn of the event loop does before others have theirs: about a
// thousand topics.
constexpr size_t kScansPerTurn = 2;

ngx_int_t answer_removed(ngx_http_request_t* r)
{
    return send_response(r, {NGX_HTTP_NO_CONTENT, {}, {}, {}});
}

// Goes through the selection in path order.
class Removal final : public RequestWork {
public:
    Removal(ngx_http_request_t* r, const ApiEndpoint& endpoint,
            Selector selector)
        : RequestWork(r), endpoint_(endpoint), selector_(std::move(selector))
    {}

private:
    std::optional<ngx_int_t> step() override;

    ApiEndpoint endpoint_;
    Selector selector_;
    std::string after_;
    std::vector<TopicRow> rows_;
};

std::optional<ngx_int_t> Removal::step()
{
    Store& store = endpoint_.publisher.store;
    for (size_t i = 0; i < kScansPerTurn; i++) {
        rows_.clear();
        const auto scanned = store.scan(selector_, after_, SIZE_MAX, rows_);
        for (const TopicRow& row : rows_) {
            const auto removed =
                store.remove(row.path, endpoint_.clock.now_ms());
            if (!removed) {
                return send_error(request(), removed.error());
            }
        }
        if (scanned == Store::Scan::ended) {
            return answer_removed(request());
        }
    }
    return std::nullopt;
}

} // namespace

ngx_int_t remove_topic(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                       std::string_view topic)
{
    if (is_reserved(topic)) {
        return send_error(r, kReservedTopic);
    }
    Store& store = endpoint.publisher.store;
    const auto condition = read_condition(r, store, topic);
    if (!condition) {
        return send_error(r, condition.error());
    }
    const auto removed =
        store.remove(topic, endpoint.clock.now_ms(), *condition);
    if (!removed) {
        const Position newest = store.newest(topic);
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
    if (is_conditional(r)) {
        return send_error(
            r, {Errc::bad_request, "a selection has no conditions and no key"});
    }
    return start_work<Removal>(r, endpoint, std::move(*selector));
}

} // namespace ws_pubsub
