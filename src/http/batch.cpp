#include "ngx/ngx.hpp"

#include "http/batch.hpp"

#include <algorithm>

#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/body.hpp"
#include "http/conditions.hpp"
#include "http/payload.hpp"
#include "ngx/pool.hpp"
#include "ngx/request_work.hpp"
#include "proto/json_text.hpp"
#include "proto/publish.hpp"

namespace ws_pubsub {

namespace {

// What one turn of the event loop publishes before others have theirs.
constexpr size_t kLinesPerTurn = 256;
constexpr size_t kBytesPerTurn = 64UL * 1024;

class BatchRequest final : public RequestWork {
public:
    BatchRequest(ngx_http_request_t* r, const ApiEndpoint& endpoint)
        : RequestWork(r), endpoint_(endpoint)
    {}

private:
    std::optional<ngx_int_t> step() override;
    // What the request is to be finalized with, if the body is none.
    std::optional<ngx_int_t> begin();
    void publish(std::string_view line);

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
    rest_ = *body;
    return std::nullopt;
}

Result<PublishAnswer> publish_line(const ApiEndpoint& endpoint,
                                   std::string_view line, Command& command)
{
    if (const auto error = read_publication(line, command)) {
        return *error;
    }
    if (is_reserved(command.topic)) {
        return kReservedTopic;
    }
    return publish_command(endpoint.publisher, command, endpoint.clock.now_ms(),
                           endpoint.max_message);
}

void BatchRequest::publish(std::string_view line)
{
    Command command;
    const auto published = publish_line(endpoint_, line, command);
    if (published) {
        append_publish_answer(answers_, command.topic, *published);
    } else {
        answers_ += '{';
        append_error(answers_, published.error());
        answers_ += '}';
    }
    answers_ += '\n';
}

std::optional<ngx_int_t> BatchRequest::step()
{
    if (!begun_) {
        begun_ = true;
        if (const auto rc = begin()) {
            return rc;
        }
    }
    const size_t before = rest_.size();
    for (size_t lines = 0; lines < kLinesPerTurn; lines++) {
        const size_t start =
            std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
        rest_.remove_prefix(start);
        if (rest_.empty()) {
            // nginx must not ask the answer what the lines were asked.
            request()->disable_not_modified = 1;
            return send_text(request(), kLinesType, std::move(answers_));
        }
        const size_t end = std::min(rest_.find('\n'), rest_.size());
        publish(rest_.substr(0, end));
        rest_.remove_prefix(end);
        if (before - rest_.size() >= kBytesPerTurn) {
            break;
        }
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
