#include "ngx/ngx.hpp"

#include "http/list.hpp"

#include <optional>
#include <vector>

#include "base/budget.hpp"
#include "base/utf8.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "http/request_work.hpp"
#include "json/writer.hpp"
#include "proto/pages.hpp"

namespace ws_pubsub {

namespace {

// Looks for topics in path order until the page is full: a selector may match
// few of many.
class Listing final : public RequestWork {
public:
    Listing(ngx_http_request_t* r, const ApiEndpoint& endpoint,
            const Reader& reader, Selector selector, std::string after,
            bool values, const PageLimits& limits)
        : RequestWork(r, endpoint.turns, Client::needed), reader_(reader),
          selector_(std::move(selector)), after_(std::move(after)),
          values_(values), limits_(limits)
    {}

private:
    std::optional<ngx_int_t> go_on(size_t& left) override;

    Reader reader_;
    Selector selector_;
    std::string after_;
    bool values_;
    PageLimits limits_;
    std::vector<TopicRow> rows_;
};

std::optional<ngx_int_t> Listing::go_on(size_t& left)
{
    const auto scanned =
        reader_.scan(selector_, after_, items_of(limits_), rows_, left);
    if (scanned == Topics::Scan::paused) {
        return std::nullopt;
    }
    std::string json;
    JsonWriter(json).begin_object().name("topics");
    append_rows(json, reader_, rows_, scanned == Topics::Scan::full, values_,
                limits_);
    spend(left, (values_ ? rows_.size() * kReadCost : 0) +
                    json.size() / kBytesPerTopic);
    return send_text(request(), kJsonType, std::move(json));
}

} // namespace

ngx_int_t list_selection(ngx_http_request_t* r, const ApiEndpoint& endpoint)
{
    auto selector = select_argument(r);
    if (!selector) {
        return bad_argument(r, "select must be a selector");
    }
    const auto reader = endpoint.access().reader(*selector);
    if (!reader) {
        return send_error(r, reader.error());
    }
    const auto limits = limit_argument(r);
    if (!limits) {
        return bad_argument(r, kBadLimit);
    }
    const std::string values = argument(r, "values").value_or("0");
    if (values != "0" && values != "1") {
        return bad_argument(r, "values must be 0 or 1");
    }
    std::string after = argument(r, "after").value_or("");
    if (!is_utf8(after)) {
        return bad_argument(r, "after must be a topic");
    }
    return start_work<Listing>(r, endpoint, *reader, std::move(*selector),
                               std::move(after), values == "1", *limits);
}

} // namespace ws_pubsub
