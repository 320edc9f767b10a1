#include "ngx/ngx.hpp"

#include "http/publish.hpp"

#include <optional>

#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/body.hpp"
#include "http/conditions.hpp"
#include "http/payload.hpp"
#include "http/pending_answer.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"
#include "proto/publish.hpp"

namespace ws_pubsub {

namespace {

// A publish that waits for its body.
struct Waiting {
    ApiEndpoint endpoint;
    std::string topic;
    Condition condition;
    std::string_view idempotency_key;
    std::optional<PatchKind> patch; // that the body is; else it is the message
};

constexpr size_t kAnswerBytes = 96; // beside the topic, about

std::optional<PatchKind> patch_kind(std::string_view content_type)
{
    if (is_media_type(content_type, kMergePatchType)) {
        return PatchKind::merge;
    }
    if (is_media_type(content_type, kJsonPatchType)) {
        return PatchKind::operations;
    }
    return std::nullopt;
}

Outcome publish(ngx_http_request_t* r, const Waiting& request,
                std::string_view body)
{
    PublishRequest wanted;
    wanted.topic = request.topic;
    wanted.payload = body;
    wanted.patch = request.patch;
    wanted.condition = request.condition;
    wanted.idempotency_key = request.idempotency_key;
    if (!request.patch) {
        const auto payload = classify(content_type(r), body);
        if (!payload) {
            return payload.error();
        }
        wanted.kind = payload->kind;
        wanted.content_type = payload->content_type;
    }
    return request.endpoint.access().publish(wanted);
}

ngx_int_t answer_failure(ngx_http_request_t* r, const Waiting& request,
                         const Error& error)
{
    if (error.code == Errc::conflict) {
        const Position newest = request.endpoint.reader().newest(request.topic);
        if (newest.epoch != 0 && !set_etag(r, newest)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return send_error(r, error);
}

ngx_int_t answer_published(ngx_http_request_t* r, const Waiting& request,
                           const Result<ChangeAnswer>& published)
{
    if (!published) {
        return answer_failure(r, request, published.error());
    }
    if (!set_etag(r, published->at)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    std::string json;
    json.reserve(request.topic.size() + kAnswerBytes);
    append_publish_answer(json, request.topic, *published);
    return send_json(
        r, published->subscribers > 0 ? NGX_HTTP_CREATED : NGX_HTTP_ACCEPTED,
        json);
}

ngx_int_t answer(ngx_http_request_t* r, const Waiting& request)
{
    std::string collected;
    const auto body = body_of(r, collected);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (body->size() > request.endpoint.max_message) {
        return send_error(r, kTooBig);
    }
    if (is_marked_json(content_type(r), *body)) {
        return send_error(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, kMarked);
    }
    Outcome outcome = publish(r, request, *body);
    if (outcome.is_pending()) {
        return await_answer(r, outcome.take_pending(),
                            [r, &request](const Result<ChangeAnswer>& later) {
                                return answer_published(r, request, later);
                            });
    }
    return answer_published(r, request, outcome.answer());
}

// The answer to a body of a type that is not taken.
std::optional<ngx_int_t> refuse_type(ngx_http_request_t* r, bool is_patch)
{
    const std::string_view type = content_type(r);
    if (r->method == NGX_HTTP_PATCH) {
        return is_patch ? std::nullopt
                        : std::optional(send_error(
                              r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                              {Errc::bad_request,
                               "PATCH takes a merge patch or a JSON patch"}));
    }
    if (is_form_of_parts(type)) {
        return send_error(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                          {Errc::bad_request,
                           "a form of parts is no message: send the message "
                           "as the body"});
    }
    const auto error = check_type(type);
    return error ? std::optional(send_error(r, *error)) : std::nullopt;
}

void on_body(ngx_http_request_t* r)
{
    const auto* request =
        static_cast<Waiting*>(ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
    ngx_http_finalize_request(
        r, guarded([&] { return answer(r, *request); },
                   ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR}));
}

} // namespace

ngx_int_t start_publish(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                        std::string topic)
{
    if (is_reserved(topic)) {
        return send_error(r, kReservedTopic);
    }
    if (!endpoint.access().may_publish(topic)) {
        return send_error(r, kDenied);
    }
    std::optional<PatchKind> patch;
    if (r->method == NGX_HTTP_PATCH) {
        patch = patch_kind(content_type(r));
    }
    if (const auto refused = refuse_type(r, patch.has_value())) {
        return *refused;
    }
    const auto condition = read_condition(r, endpoint.reader(), topic);
    if (!condition) {
        return send_error(r, condition.error());
    }
    const auto key = read_idempotency_key(r);
    if (!key) {
        return send_error(r, key.error());
    }
    auto* request = make_in_pool<Waiting>(
        r->pool, Waiting{endpoint, std::move(topic), *condition, *key, patch});
    if (request == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_http_set_ctx(r, request, ngx_ws_pubsub_module);
    return read_body(r, endpoint.max_message, on_body);
}

} // namespace ws_pubsub
