#include "ngx/ngx.hpp"

#include "http/body.hpp"

#include "http/answer.hpp"

namespace ws_pubsub {

namespace {

bool append_file(std::string& body, const ngx_buf_t& buffer)
{
    const auto size = static_cast<size_t>(buffer.file_last - buffer.file_pos);
    const size_t start = body.size();
    body.resize(start + size);
    const ssize_t read = ngx_read_file(
        buffer.file, reinterpret_cast<u_char*>(body.data() + start), size,
        buffer.file_pos);
    return read >= 0 && static_cast<size_t>(read) == size;
}

std::string_view in_memory(const ngx_buf_t& buffer)
{
    return {reinterpret_cast<char*>(buffer.pos),
            static_cast<size_t>(buffer.last - buffer.pos)};
}

} // namespace

ngx_int_t read_body(ngx_http_request_t* r, size_t limit,
                    ngx_http_client_body_handler_pt on_body)
{
    // An HTTP/2 body needs neither.
    if (r->headers_in.content_length_n < 0 && !r->headers_in.chunked &&
        r->http_version < NGX_HTTP_VERSION_20) {
        return send_error(r, NGX_HTTP_LENGTH_REQUIRED,
                          {Errc::bad_request, "Content-Length is needed"});
    }
    if (r->headers_in.content_length_n > static_cast<off_t>(limit)) {
        return send_error(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, kTooBig);
    }
    const ngx_int_t rc = ngx_http_read_client_request_body(r, on_body);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

std::optional<std::string_view> body_of(ngx_http_request_t* r,
                                        std::string& collected)
{
    const ngx_chain_t* link =
        r->request_body == nullptr ? nullptr : r->request_body->bufs;
    if (link == nullptr) {
        return std::string_view{};
    }
    if (link->next == nullptr && !link->buf->in_file) {
        return in_memory(*link->buf);
    }
    for (; link != nullptr; link = link->next) {
        if (!link->buf->in_file) {
            collected += in_memory(*link->buf);
        } else if (!append_file(collected, *link->buf)) {
            return std::nullopt;
        }
    }
    return collected;
}

} // namespace ws_pubsub
