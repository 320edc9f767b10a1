#include "http/answer.hpp"

#include "base/position_text.hpp"
#include "ngx/headers.hpp"
#include "ngx/response.hpp"
#include "ngx/text.hpp"
#include "proto/json_text.hpp"

namespace ws_pubsub {

namespace {

// Those for which nginx has none.
std::string_view status_line(ngx_uint_t status)
{
    return status == NGX_HTTP_INSUFFICIENT_STORAGE ? "507 Insufficient Storage"
                                                   : std::string_view{};
}

} // namespace

ngx_int_t send_json(ngx_http_request_t* r, ngx_uint_t status,
                    std::string_view json)
{
    return send_response(r, {status, status_line(status), kJsonType, json});
}

ngx_int_t send_error(ngx_http_request_t* r, ngx_uint_t status,
                     const Error& error)
{
    // The body, if one is still to come, must not be taken for a request.
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    if (status == NGX_HTTP_NOT_ALLOWED &&
        !add_header(r, "Allow", "GET, HEAD, POST, PUT, DELETE")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    std::string json = "{";
    append_error(json, error);
    json += '}';
    return send_json(r, status, json);
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
