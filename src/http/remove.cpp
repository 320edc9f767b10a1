#include "ngx/ngx.hpp"

#include "http/remove.hpp"

#include <optional>
#include <vector>

#include "base/budget.hpp"
#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "http/conditions.hpp"
#include "http/pending_answer.hpp"
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
    void note(const Result<ChangeAnswer>& removed);

    ApiEndpoint endpoint_;
    Selector selector_;
    std::string after_;
    std::vector<TopicRow> rows_; // that were found,
    size_t removed_ = 0;         // of which so many are removed
    Topics::Scan scanned_ = Topics::Scan::paused;
    std::optional<Error> failed_; // why one could not be
};

std::optional<ngx_int_t> Removal::go_on(size_t& left)
{
    if (removed_ == rows_.size()) {
        rows_.clear();
        removed_ = 0;
        scanned_ =
            endpoint_.reader().scan(selector_, after_, SIZE_MAX, rows_, left);
    }
    const Access access = endpoint_.access();
    while (!failed_ && removed_ < rows_.size()) {
        Outcome outcome = access.remove(rows_[removed_++].path);
        spend(left, kRemovalCost);
        if (outcome.is_pending()) {
            await_answer(
                outcome.take_pending(),
                [this](const Result<ChangeAnswer>& removed) { note(removed); });
            return std::nullopt;
        }
        note(outcome.answer());
    }
    if (failed_) {
        return send_error(request(), *failed_);
    }
    return scanned_ == Topics::Scan::ended
               ? std::optional(answer_removed(request()))
               : std::nullopt;
}

void Removal::note(const Result<ChangeAnswer>& removed)
{
    if (!removed) {
        failed_ = removed.error();
    }
}

ngx_int_t answer_removal(ngx_http_request_t* r, const Reader& reader,
                         std::string_view topic,
                         const Result<ChangeAnswer>& removed)
{
    if (!removed) {
        const Position newest = reader.newest(topic);
        if (newest.epoch != 0 && !set_etag(r, newest)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        return send_error(r, removed.error());
    }
    return removed->at.epoch == 0 ? send_error(r, kUnknownTopic)
                                  : answer_removed(r);
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
    const Reader reader = endpoint.reader();
    const auto condition = read_condition(r, reader, topic);
    if (!condition) {
        return send_error(r, condition.error());
    }
    Outcome outcome = access.remove(topic, *condition);
    if (!outcome.is_pending()) {
        return answer_removal(r, reader, topic, outcome.answer());
    }
    return await_answer(r, outcome.take_pending(),
                        [r, reader, topic = std::string(topic)](
                            const Result<ChangeAnswer>& removed) {
                            return answer_removal(r, reader, topic, removed);
                        });
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
