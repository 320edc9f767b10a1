#include "ngx/ngx.hpp"

#include "http/publish.hpp"

#include <optional>

#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/body.hpp"
#include "http/conditions.hpp"
#include "http/payload.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"
#include "proto/publish.hpp"

namespace ws_pubsub {

namespace {

// Waits for the body.
struct PublishRequest {
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

Result<PublishAnswer> publish(ngx_http_request_t* r,
                              const PublishRequest& request,
                              std::string_view body)
{
    const ApiEndpoint& endpoint = request.endpoint;
    Publication publication;
    publication.topic = request.topic;
    publication.now_ms = endpoint.clock.now_ms();
    publication.condition = request.condition;
    publication.idempotency_key = request.idempotency_key;
    if (request.patch) {
        return publish_patch(endpoint.publisher, publication,
                             {*request.patch, body}, endpoint.max_message);
    }
    const auto payload = classify(content_type(r), body);
    if (!payload) {
        return payload.error();
    }
    publication.kind = payload->kind;
    publication.content_type = payload->content_type;
    publication.payload = body;
    return endpoint.publisher.publish(publication);
}

ngx_int_t answer_failure(ngx_http_request_t* r, const PublishRequest& request,
                         const Error& error)
{
    if (error.code == Errc::conflict) {
        const Position newest =
            request.endpoint.publisher.store.newest(request.topic);
        if (newest.epoch != 0 && !set_etag(r, newest)) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return send_error(r, error);
}

ngx_int_t answer(ngx_http_request_t* r, const PublishRequest& request)
{
    std::string collected;
    const auto body = body_of(r, collected);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (body->size() > request.endpoint.max_message) {
        return send_error(r, kTooBig);
    }
    const auto published = publish(r, request, *body);
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

void on_body(ngx_http_request_t* r)
{
    const auto* request = static_cast<PublishRequest*>(
        ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
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
    std::optional<PatchKind> patch;
    if (r->method == NGX_HTTP_PATCH) {
        patch = patch_kind(content_type(r));
        if (!patch) {
            return send_error(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                              {Errc::bad_request,
                               "PATCH takes a merge patch or a JSON patch"});
        }
    }
    const auto condition = read_condition(r, endpoint.publisher.store, topic);
    if (!condition) {
        return send_error(r, condition.error());
    }
    const auto key = read_idempotency_key(r);
    if (!key) {
        return send_error(r, key.error());
    }
    auto* request = make_in_pool<PublishRequest>(
        r->pool,
        PublishRequest{endpoint, std::move(topic), *condition, *key, patch});
    if (request == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_http_set_ctx(r, request, ngx_ws_pubsub_module);
    return read_body(r, endpoint.max_message, on_body);
}

} // namespace ws_pubsub
