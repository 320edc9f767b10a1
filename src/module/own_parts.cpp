#include "ngx/ngx.hpp"

#include "module/own_parts.hpp"

#include <algorithm>
#include <string>

#include "module/own_headers.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

bool copy_to(ngx_pool_t* pool, std::string_view text, ngx_str_t& to)
{
    to = copy(pool, text);
    return to.data != nullptr;
}

// As what a client sends: encoded.
bool set_unparsed_uri(ngx_http_request_t& r)
{
    const uintptr_t more =
        2 * ngx_escape_uri(nullptr, r.uri.data, r.uri.len, NGX_ESCAPE_URI);
    auto* data = static_cast<u_char*>(
        ngx_pnalloc(r.pool, r.uri.len + more + 1 + r.args.len));
    if (data == nullptr) {
        return false;
    }
    auto* end = reinterpret_cast<u_char*>(
        ngx_escape_uri(data, r.uri.data, r.uri.len, NGX_ESCAPE_URI));
    if (r.args.len > 0) {
        *end++ = '?';
        end = std::copy_n(r.args.data, r.args.len, end);
    }
    r.unparsed_uri = {static_cast<size_t>(end - data), data};
    return true;
}

void set_method(ngx_http_request_t& r, ngx_uint_t method, std::string_view name)
{
    r.method = method;
    r.method_name.len = name.size();
    r.method_name.data =
        reinterpret_cast<u_char*>(const_cast<char*>(name.data()));
    ngx_str_set(&r.http_protocol, "HTTP/1.1");
    r.http_version = NGX_HTTP_VERSION_9; // a response without a head
    r.http_state = NGX_HTTP_PROCESS_REQUEST_STATE;
    r.internal = 1;
    r.main_filter_need_in_memory = 1; // no sendfile()
}

} // namespace

bool fill_like(const ngx_http_request_t& like, ngx_http_request_t& r)
{
    set_method(r, NGX_HTTP_POST, "POST");
    return begin_headers(r) && copy_headers(like, r) &&
           copy_to(r.pool, view(like.headers_in.server), r.headers_in.server) &&
           copy_to(r.pool, view(like.request_line), r.request_line) &&
           copy_to(r.pool, view(like.uri), r.uri) &&
           copy_to(r.pool, view(like.args), r.args) &&
           copy_to(r.pool, view(like.unparsed_uri), r.unparsed_uri);
}

bool fill_for(const OwnServer& server, ngx_uint_t method, ngx_http_request_t& r)
{
    set_method(r, method, method == NGX_HTTP_POST ? "POST" : "GET");
    return begin_headers(r) && add_request_header(r, "Host", server.host()) &&
           copy_to(r.pool, server.host(), r.headers_in.server);
}

bool set_uri(ngx_http_request_t& r, std::string_view path,
             std::string_view arguments)
{
    if (!copy_to(r.pool, path, r.uri) || !copy_to(r.pool, arguments, r.args) ||
        !set_unparsed_uri(r)) {
        return false;
    }
    ngx_http_set_exten(&r);
    return true;
}

bool set_line(ngx_http_request_t& r)
{
    std::string line(view(r.method_name));
    line += ' ';
    line += view(r.unparsed_uri);
    line += ' ';
    line += view(r.http_protocol);
    return copy_to(r.pool, line, r.request_line);
}

bool set_body(ngx_http_request_t& r, std::string_view content_type,
              std::string_view body)
{
    r.request_body = static_cast<ngx_http_request_body_t*>(
        ngx_pcalloc(r.pool, sizeof(ngx_http_request_body_t)));
    r.headers_in.content_length_n = static_cast<off_t>(body.size());
    if (r.request_body == nullptr ||
        (!content_type.empty() &&
         !add_request_header(r, "Content-Type", content_type)) ||
        !add_request_header(r, "Content-Length", std::to_string(body.size()))) {
        return false;
    }
    if (body.empty()) {
        return true;
    }
    ngx_buf_t* buffer = ngx_create_temp_buf(r.pool, body.size());
    ngx_chain_t* link = ngx_alloc_chain_link(r.pool);
    if (buffer == nullptr || link == nullptr) {
        return false;
    }
    buffer->last = std::copy(body.begin(), body.end(), buffer->last);
    *link = {buffer, nullptr};
    r.request_body->bufs = link;
    return true;
}

} // namespace ws_pubsub
