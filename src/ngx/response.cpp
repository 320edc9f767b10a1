#include "ngx/response.hpp"

#include "ngx/text.hpp"

namespace ws_pubsub {

ngx_int_t send_response(ngx_http_request_t* r, const Response& response)
{
    r->headers_out.status = response.status;
    r->headers_out.status_line = copy(r->pool, response.status_line);
    r->headers_out.content_length_n = static_cast<off_t>(response.body.size());
    if (!response.content_type.empty()) {
        r->headers_out.content_type = copy(r->pool, response.content_type);
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        r->headers_out.content_type_lowcase = nullptr;
    }
    const ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
    if (buffer == nullptr) {
        return NGX_ERROR;
    }
    buffer->last_buf = r == r->main ? 1 : 0;
    buffer->last_in_chain = 1;
    if (response.body.empty()) {
        // The filters' work has an end all the same.
        buffer->sync = buffer->last_buf == 0;
    } else {
        const std::string_view body = response.body_stays
                                          ? response.body
                                          : view(copy(r->pool, response.body));
        if (body.data() == nullptr) {
            return NGX_ERROR;
        }
        buffer->pos = reinterpret_cast<u_char*>(const_cast<char*>(body.data()));
        buffer->last = buffer->pos + body.size();
        buffer->memory = 1;
    }
    ngx_chain_t out = {buffer, nullptr};
    return ngx_http_output_filter(r, &out);
}

} // namespace ws_pubsub
