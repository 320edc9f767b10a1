#include "ngx/ngx.hpp"

#include "http/status.hpp"

#include <array>

#include "http/answer.hpp"
#include "ngx/headers.hpp"
#include "ngx/response.hpp"
#include "ngx/text.hpp"
#include "proto/json_text.hpp"

namespace ws_pubsub {

namespace {

struct Figure {
    std::string_view name;
    uint64_t value;
};

std::array<Figure, 14> figures_of(const ZoneStatus& status)
{
    const ZoneTotals& totals = status.totals;
    return {{{"size", status.zone_bytes},
             {"free", status.free_bytes},
             {"workers", status.workers},
             {"sessions", status.sessions},
             {"subscriptions", status.subscriptions},
             {"topics", totals.topics},
             {"messages", totals.items},
             {"published", totals.published},
             {"delivered", totals.delivered},
             {"evicted", totals.evicted},
             {"refused", totals.refused},
             {"conflated", totals.conflated},
             {"slow", totals.slow},
             {"repairs", totals.repairs}}};
}

bool wants_text(ngx_http_request_t* r)
{
    ngx_str_t format;
    auto* name = reinterpret_cast<u_char*>(const_cast<char*>("format"));
    if (ngx_http_arg(r, name, sizeof("format") - 1, &format) == NGX_OK) {
        return view(format) == "text";
    }
    return has_token(join_headers(r, "Accept"), "text/plain");
}

} // namespace

ngx_int_t handle_status(ngx_http_request_t* r, std::string_view zone,
                        Store& store)
{
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        return NGX_HTTP_NOT_ALLOWED;
    }
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    const auto figures = figures_of(store.status());
    std::string text;
    if (wants_text(r)) {
        text.append("zone ").append(zone).append("\n");
        for (const Figure& figure : figures) {
            text.append(figure.name).append(" ");
            append_number(text, figure.value);
            text += '\n';
        }
        return send_response(r, {NGX_HTTP_OK, {}, "text/plain", text});
    }
    text = "{\"zone\":";
    append_json_string(text, zone);
    for (const Figure& figure : figures) {
        text += ',';
        append_json_string(text, figure.name);
        text += ':';
        append_number(text, figure.value);
    }
    text += "}\n";
    return send_json(r, NGX_HTTP_OK, text);
}

} // namespace ws_pubsub
