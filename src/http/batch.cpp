#include "ngx/ngx.hpp"

#include "http/batch.hpp"

#include <algorithm>

#include "base/budget.hpp"
#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/body.hpp"
#include "http/conditions.hpp"
#include "http/payload.hpp"
#include "json/writer.hpp"
#include "ngx/pool.hpp"
#include "proto/publish.hpp"

namespace ws_pubsub {

namespace {

// What a line costs, in topics looked at: so much at least, and one for so many
// of its bytes. A patch is worth a turn: a few bytes may change a value of
// many.
constexpr size_t kLineCost = 16;
constexpr size_t kBytesPerCost = 16;
constexpr size_t kPatchCost = kTopicsPerTurn;

constexpr size_t kLinesPerStep = 16;

class BatchRequest final : public RequestWork {
public:
    BatchRequest(ngx_http_request_t* r, const ApiEndpoint& endpoint)
        : RequestWork(r, endpoint.turns, Client::may_leave), endpoint_(endpoint)
    {}

private:
    std::optional<ngx_int_t> go_on(size_t& left) override;
    // What the request is to be finalized with, if the body is none.
    std::optional<ngx_int_t> begin();
    // Returns what it costs.
    size_t publish(std::string_view line);
    void append_answer(std::string_view topic,
                       const Result<ChangeAnswer>& published);

    ApiEndpoint endpoint_;
    std::string collected_;
    std::string_view rest_; // of the body
    std::string answers_;
    bool begun_ = false;
};

std::optional<ngx_int_t> BatchRequest::begin()
{
    const auto body = body_of(request(), collected_);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (body->size() > endpoint_.max_batch) {
        return send_error(request(), kTooBig);
    }
    if (body->starts_with(kByteOrderMark)) {
        return send_error(request(), NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, kMarked);
    }
    rest_ = *body;
    return std::nullopt;
}

Outcome publish_line(const ApiEndpoint& endpoint, std::string_view line,
                     Command& command)
{
    if (const auto error = read_publication(line, command)) {
        return *error;
    }
    if (is_reserved(command.topic)) {
        return kReservedTopic;
    }
    return endpoint.access().publish(publish_request(command));
}

size_t BatchRequest::publish(std::string_view line)
{
    Command command;
    Outcome outcome = publish_line(endpoint_, line, command);
    if (outcome.is_pending()) {
        await_answer(outcome.take_pending(),
                     [this, topic = command.topic](
                         const Result<ChangeAnswer>& published) {
                         append_answer(topic, published);
                     });
    } else {
        append_answer(command.topic, outcome.answer());
    }
    return command.patch ? kPatchCost
                         : std::max(kLineCost, line.size() / kBytesPerCost);
}

void BatchRequest::append_answer(std::string_view topic,
                                 const Result<ChangeAnswer>& published)
{
    if (published) {
        append_publish_answer(answers_, topic, *published);
    } else {
        JsonWriter(answers_)
            .begin_object()
            .members(append_error, published.error())
            .end_object();
    }
    answers_ += '\n';
}

std::optional<ngx_int_t> BatchRequest::go_on(size_t& left)
{
    if (!begun_) {
        begun_ = true;
        if (const auto rc = begin()) {
            return rc;
        }
    }
    for (size_t lines = 0; lines < kLinesPerStep && left > 0 && !waits();
         lines++) {
        const size_t start =
            std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
        rest_.remove_prefix(start);
        if (rest_.empty()) {
            // nginx must not ask the answer what the lines were asked.
            request()->disable_not_modified = 1;
            return send_text(request(), kLinesType, std::move(answers_));
        }
        const size_t end = std::min(rest_.find('\n'), rest_.size());
        spend(left, publish(rest_.substr(0, end)));
        rest_.remove_prefix(end);
    }
    return std::nullopt;
}

void on_body(ngx_http_request_t* r)
{
    auto* batch = static_cast<BatchRequest*>(
        ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
    batch->run();
}

} // namespace

ngx_int_t start_batch(ngx_http_request_t* r, const ApiEndpoint& endpoint)
{
    if (!is_media_type(content_type(r), kLinesType)) {
        return send_error(
            r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
            {Errc::bad_request, "a batch is of type application/x-ndjson"});
    }
    if (is_conditional(r)) {
        return send_error(r, {Errc::bad_request,
                              "conditions and keys are in a batch's lines"});
    }
    auto* batch = make_in_pool<BatchRequest>(r->pool, r, endpoint);
    if (batch == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_http_set_ctx(r, batch, ngx_ws_pubsub_module);
    return read_body(r, endpoint.max_batch, on_body);
}

} // namespace ws_pubsub
