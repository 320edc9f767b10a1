#include "ngx/ngx.hpp"

#include "http/list.hpp"

#include <optional>
#include <vector>

#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "ngx/request_work.hpp"
#include "proto/pages.hpp"

namespace ws_pubsub {

namespace {

// What one turn of the event loop looks at before others have theirs: about
// four thousand topics.
constexpr size_t kScansPerTurn = 8;

// Looks for topics in path order until the page is full: a selector may match
// few of many.
class Listing final : public RequestWork {
public:
    Listing(ngx_http_request_t* r, Store& store, Selector selector,
            std::string after, bool values, const PageLimits& limits)
        : RequestWork(r), store_(store), selector_(std::move(selector)),
          after_(std::move(after)), values_(values), limits_(limits)
    {}

private:
    std::optional<ngx_int_t> step() override;

    Store& store_;
    Selector selector_;
    std::string after_;
    bool values_;
    PageLimits limits_;
    std::vector<TopicRow> rows_;
};

std::optional<ngx_int_t> Listing::step()
{
    for (size_t i = 0; i < kScansPerTurn; i++) {
        const auto scanned =
            store_.scan(selector_, after_, items_of(limits_), rows_);
        if (scanned != Store::Scan::paused) {
            std::string json = "{\"topics\":";
            append_rows(json, store_, rows_, scanned == Store::Scan::full,
                        values_, limits_);
            return send_text(request(), kJsonType, std::move(json));
        }
    }
    return std::nullopt;
}

} // namespace

ngx_int_t list_selection(ngx_http_request_t* r, Store& store)
{
    auto selector = select_argument(r);
    if (!selector) {
        return bad_argument(r, "select must be a selector");
    }
    const auto limits = limit_argument(r);
    if (!limits) {
        return bad_argument(r, kBadLimit);
    }
    const std::string values = argument(r, "values").value_or("0");
    if (values != "0" && values != "1") {
        return bad_argument(r, "values must be 0 or 1");
    }
    return start_work<Listing>(r, store, std::move(*selector),
                               argument(r, "after").value_or(""), values == "1",
                               *limits);
}

} // namespace ws_pubsub
