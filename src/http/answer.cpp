#include "http/answer.hpp"

#include "base/position_text.hpp"
#include "http/payload.hpp"
#include "json/writer.hpp"
#include "ngx/headers.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

constexpr ngx_uint_t kUnprocessable = 422;

// Those for which nginx has none.
std::string_view status_line(ngx_uint_t status)
{
    switch (status) {
    case kUnprocessable:
        return "422 Unprocessable Content";
    case NGX_HTTP_INSUFFICIENT_STORAGE:
        return "507 Insufficient Storage";
    default:
        return {};
    }
}

ngx_uint_t status_of_conflict(Cause cause)
{
    switch (cause) {
    case Cause::condition:
        return NGX_HTTP_PRECONDITION_FAILED;
    case Cause::path:
        return kUnprocessable;
    case Cause::idempotency_key:
    case Cause::other:
        break;
    }
    return NGX_HTTP_CONFLICT;
}

ngx_uint_t status_of(const Error& error)
{
    switch (error.code) {
    case Errc::bad_request:
        return NGX_HTTP_BAD_REQUEST;
    case Errc::denied:
        return NGX_HTTP_FORBIDDEN;
    case Errc::unknown_topic:
    case Errc::expired:
        return NGX_HTTP_NOT_FOUND;
    case Errc::other_epoch:
        return NGX_HTTP_PRECONDITION_FAILED;
    case Errc::conflict:
        return status_of_conflict(error.cause);
    case Errc::limit:
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    case Errc::zone_full:
        return NGX_HTTP_INSUFFICIENT_STORAGE;
    case Errc::unavailable:
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    case Errc::unknown:
        return NGX_HTTP_GATEWAY_TIME_OUT;
    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}

// What the client could do instead.
bool add_hint(ngx_http_request_t* r, ngx_uint_t status)
{
    if (status == NGX_HTTP_UNSUPPORTED_MEDIA_TYPE &&
        r->method == NGX_HTTP_PATCH) {
        // RFC 5789 section 3.1
        return add_header(
            r, "Accept-Patch",
            "application/merge-patch+json, application/json-patch+json");
    }
    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        return add_header(r, "Retry-After", "1");
    }
    return true;
}

} // namespace

ngx_int_t send_answer(ngx_http_request_t* r, const Response& response)
{
    const bool harmless =
        response.content_type.empty() || is_inert(response.content_type);
    if (!set_cache_control(r, "no-cache") ||
        !add_header(r, "X-Content-Type-Options", "nosniff") ||
        (!harmless && !add_header(r, "Content-Security-Policy", "sandbox"))) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return send_response(r, response);
}

ngx_int_t send_json(ngx_http_request_t* r, ngx_uint_t status,
                    std::string_view json)
{
    return send_answer(r, {status, status_line(status), kJsonType, json});
}

ngx_int_t send_text(ngx_http_request_t* r, std::string_view content_type,
                    std::string text)
{
    const auto* kept = make_in_pool<std::string>(r->pool, std::move(text));
    if (kept == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return send_answer(r, {NGX_HTTP_OK, {}, content_type, *kept, true});
}

ngx_int_t send_error(ngx_http_request_t* r, ngx_uint_t status,
                     const Error& error)
{
    // Who waits to be asked for the body is not asked, and then may send it or
    // not: nobody can tell what comes next on this connection.
    if (r->headers_in.expect != nullptr && r->expect_tested == 0) {
        r->expect_tested = 1;
        r->keepalive = 0;
    }
    // The body, if one is still to come, must not be taken for a request.
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    if (!add_hint(r, status)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    std::string json;
    JsonWriter(json).begin_object().members(append_error, error).end_object();
    return send_json(r, status, json);
}

ngx_int_t send_error(ngx_http_request_t* r, const Error& error)
{
    return send_error(r, status_of(error), error);
}

ngx_int_t send_not_allowed(ngx_http_request_t* r, std::string_view methods)
{
    return add_header(r, "Allow", methods)
               ? send_error(r, NGX_HTTP_NOT_ALLOWED,
                            {Errc::unknown_op, "method not allowed"})
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t bad_argument(ngx_http_request_t* r, std::string_view message)
{
    return send_error(r, {Errc::bad_request, message});
}

bool set_etag(ngx_http_request_t* r, const Position& at)
{
    if (!add_header(r, "ETag", '"' + position_text(at) + '"')) {
        return false;
    }
    // The header just added; nginx compares conditions with it.
    const ngx_list_part_t* part = r->headers_out.headers.last;
    r->headers_out.etag =
        static_cast<ngx_table_elt_t*>(part->elts) + part->nelts - 1;
    return true;
}

} // namespace ws_pubsub
