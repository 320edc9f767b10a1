#include "ngx/ngx.hpp"

#include "ws/upgrade.hpp"

#include <algorithm>
#include <string>

#include "base/base64.hpp"
#include "ngx/headers.hpp"
#include "ngx/response.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kKeyBytes = 16; // decoded (RFC 6455 section 4.1)

ngx_int_t refuse(ngx_http_request_t* r, ngx_int_t status, const char* why)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "ws_pubsub: upgrade refused: %s", why);
    return status;
}

// Whether nginx is to answer with that status as the configuration says.
bool has_error_page(ngx_http_request_t* r, ngx_uint_t status)
{
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    if (core->error_pages == nullptr || r->error_page != 0) {
        return false;
    }
    const auto* pages =
        static_cast<ngx_http_err_page_t*>(core->error_pages->elts);
    return std::any_of(pages, pages + core->error_pages->nelts,
                       [status](const ngx_http_err_page_t& page) {
                           return page.status == static_cast<ngx_int_t>(status);
                       });
}

bool is_key(std::string_view key)
{
    const auto bytes = decode_base64(key);
    return bytes && bytes->size() == kKeyBytes;
}

std::string_view header_value(ngx_http_request_t* r, std::string_view name)
{
    const ngx_table_elt_t* header = find_header(r, name);
    return header == nullptr ? std::string_view{} : view(header->value);
}

} // namespace

// nginx has no page of its own for 426.
ngx_int_t upgrade_required(ngx_http_request_t* r, const char* why)
{
    refuse(r, NGX_OK, why);
    if (!add_header(r, "Sec-WebSocket-Version", "13") ||
        (r->http_version < NGX_HTTP_VERSION_20 &&
         !add_header(r, "Upgrade", "websocket"))) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return has_error_page(r, kUpgradeRequired)
               ? ngx_int_t{kUpgradeRequired}
               : send_response(r, {kUpgradeRequired, "426 Upgrade Required",
                                   "text/plain", std::string(why) + '\n'});
}

std::optional<ngx_int_t> check_upgrade(ngx_http_request_t* r,
                                       std::string_view protocol,
                                       bool compression, Upgrade& upgrade)
{
    if (r->method != NGX_HTTP_GET) {
        return add_header(r, "Allow", "GET") ? NGX_HTTP_NOT_ALLOWED
                                             : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, "it has a body");
    }
    if (!has_token(join_headers(r, "Upgrade"), "websocket")) {
        return upgrade_required(r);
    }
    if (r->http_version != NGX_HTTP_VERSION_11) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, "it is not HTTP/1.1");
    }
    if (!has_token(join_headers(r, "Connection"), "upgrade")) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, "no Connection: upgrade");
    }
    if (header_value(r, "Sec-WebSocket-Version") != "13") {
        return upgrade_required(r, "WebSocket version 13 is needed");
    }
    upgrade.key = header_value(r, "Sec-WebSocket-Key");
    if (join_headers(r, "Sec-WebSocket-Key") != upgrade.key ||
        !is_key(upgrade.key)) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, "bad Sec-WebSocket-Key");
    }
    if (!protocol.empty() &&
        !has_token(join_headers(r, "Sec-WebSocket-Protocol"), protocol)) {
        const std::string why =
            std::string(protocol) + " is not among the sub-protocols";
        return refuse(r, NGX_HTTP_BAD_REQUEST, why.c_str());
    }
    const std::string offers = join_headers(r, "Sec-WebSocket-Extensions");
    if (!offers.empty()) {
        upgrade.deflate = answer_deflate_offer(offers);
        if (upgrade.deflate.malformed) {
            return refuse(r, NGX_HTTP_BAD_REQUEST,
                          "bad Sec-WebSocket-Extensions");
        }
    }
    upgrade.deflate.accepted = upgrade.deflate.accepted && compression;
    return std::nullopt;
}

} // namespace ws_pubsub
