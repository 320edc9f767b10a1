#include "ngx/ngx.hpp"

#include "ws/switching.hpp"

#include <algorithm>

#include "ngx/headers.hpp"

namespace ws_pubsub {

namespace {

// Of the lines of a head those that are for a WebSocket; nginx, or whoever
// calls, adds the rest.
bool add_lines(ngx_http_request_t* r, std::string_view head)
{
    head.remove_prefix(std::min(head.find("\r\n") + 2, head.size()));
    while (!head.empty() && !head.starts_with("\r\n")) {
        const size_t end = head.find("\r\n");
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        const size_t colon = line.find(": ");
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string_view name = line.substr(0, colon);
        if (name != "Sec-WebSocket-Accept" && name != "Upgrade") {
            continue;
        }
        if (!add_header(r, name, line.substr(colon + 2))) {
            return false;
        }
    }
    return true;
}

} // namespace

bool set_switching_answer(ngx_http_request_t* r, std::string_view answer,
                          const Upgrade& upgrade, std::string_view subprotocol)
{
    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");
    r->headers_out.content_length_n = -1;
    r->keepalive = 0;
    return add_lines(r, answer) &&
           (!upgrade.deflate.accepted ||
            add_header(r, "Sec-WebSocket-Extensions",
                       upgrade.deflate.header)) &&
           (subprotocol.empty() ||
            add_header(r, "Sec-WebSocket-Protocol", subprotocol));
}

bool send_switching_answer(ngx_http_request_t* r)
{
    const ngx_int_t rc = ngx_http_send_header(r);
    return rc != NGX_ERROR && rc <= NGX_OK &&
           ngx_http_send_special(r, NGX_HTTP_FLUSH) != NGX_ERROR;
}

} // namespace ws_pubsub
