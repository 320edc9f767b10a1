#include "ngx/ngx.hpp"

#include "http/body.hpp"

#include <algorithm>

#include "http/answer.hpp"
#include "ngx/headers.hpp"

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

constexpr Error kEncoded{Errc::bad_request, "a body takes no Content-Encoding"};

// A message is handed on as it came, but without this header, so it would be
// taken for what it is not.
bool is_encoded(ngx_http_request_t* r)
{
    const std::string codings = join_headers(r, "Content-Encoding");
    std::string_view rest = codings;
    while (!rest.empty()) {
        const size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view coding = rest.substr(0, comma);
        if (coding.find_first_not_of(" \t") != std::string_view::npos &&
            !has_token(coding, "identity")) {
            return true;
        }
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return false;
}

std::string_view in_memory(const ngx_buf_t& buffer)
{
    return {reinterpret_cast<char*>(buffer.pos),
            static_cast<size_t>(buffer.last - buffer.pos)};
}

// Without what is in a file that was closed: an upstream does that once it has
// sent the body.
off_t bytes_of(const ngx_chain_t* link)
{
    off_t bytes = 0;
    for (; link != nullptr; link = link->next) {
        const ngx_buf_t* buffer = link->buf;
        if (!buffer->in_file || buffer->file->fd != NGX_INVALID_FILE) {
            bytes += ngx_buf_size(buffer);
        }
    }
    return bytes;
}

// The Content-Length that came. nginx counts down its own copy as it throws a
// body away.
bool had_length(const ngx_http_request_t* r)
{
    const ngx_table_elt_t* length = r->headers_in.content_length;
    return length != nullptr &&
           ngx_atoof(length->value.data, length->value.len) != 0;
}

// Whether all of the body that was announced is at hand. It is not where nginx
// threw it away, or handed it on as it came, before the request got here: by
// error_page or post_action, or as a subrequest.
bool is_whole(const ngx_http_request_t* r)
{
    const ngx_http_request_body_t* body = r->request_body;
    if (r->discard_body || r->reading_body) {
        return false;
    }
    const off_t bytes = body == nullptr ? 0 : bytes_of(body->bufs);
    if (bytes != std::max<off_t>(r->headers_in.content_length_n, 0)) {
        return false;
    }
    if (bytes > 0 || (body != nullptr && body != r->main->request_body)) {
        return true; // or a subrequest with a body of its own
    }
    if (r->headers_in.chunked) {
        return body != nullptr && body->last_saved;
    }
    return r != r->main || !had_length(r);
}

} // namespace

ngx_int_t read_body(ngx_http_request_t* r, size_t limit,
                    ngx_http_client_body_handler_pt on_body)
{
    if (is_encoded(r)) {
        // RFC 7694 section 3
        return add_header(r, "Accept-Encoding", "identity")
                   ? send_error(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, kEncoded)
                   : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
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
    if (!is_whole(r)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "ws_pubsub: the body was read or thrown away before");
        return std::nullopt;
    }
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
