#include "ngx/ngx.hpp"

#include "http/status.hpp"

#include <optional>
#include <span>
#include <string>

#include "http/answer.hpp"
#include "http/figures.hpp"
#include "json/writer.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

enum class Format : uint8_t { json, text, prometheus };

void append_value(std::string& text, const Figure& figure)
{
    if (!figure.thousandths) {
        text += std::to_string(figure.value);
        return;
    }
    text += std::to_string(figure.value / 1000);
    const std::string rest = std::to_string(1000 + figure.value % 1000);
    text.append(".").append(rest, 1);
}

// By ?format=, else by what is accepted: Prometheus names a version.
Format format_of(ngx_http_request_t* r)
{
    ngx_str_t format;
    auto* name = reinterpret_cast<u_char*>(const_cast<char*>("format"));
    if (ngx_http_arg(r, name, sizeof("format") - 1, &format) == NGX_OK) {
        return view(format) == "prometheus" ? Format::prometheus
               : view(format) == "text"     ? Format::text
                                            : Format::json;
    }
    const std::string accept = join_headers(r, "Accept");
    if (accept.find("text/plain;version=") != std::string::npos) {
        return Format::prometheus;
    }
    return has_token(accept, "text/plain") ? Format::text : Format::json;
}

std::string as_json(std::string_view zone, std::span<const Figure> figures)
{
    std::string text;
    JsonWriter out(text);
    out.begin_object().name("zone").string(zone);
    for (const Figure& figure : figures) {
        out.name(figure.name);
        if (!figure.text.empty()) {
            out.string(figure.text);
            continue;
        }
        std::string value;
        append_value(value, figure);
        out.raw(value);
    }
    out.end_object();
    return text + '\n';
}

std::string as_lines(std::string_view zone, std::span<const Figure> figures)
{
    std::string text = "zone ";
    text.append(zone).append("\n");
    for (const Figure& figure : figures) {
        text.append(figure.name).append(" ");
        if (figure.text.empty()) {
            append_value(text, figure);
        }
        text.append(figure.text).append("\n");
    }
    return text;
}

// The text exposition format of Prometheus, version 0.0.4. A zone's name in
// quotes is escaped as in JSON.
std::string as_metrics(std::string_view zone, std::span<const Figure> figures)
{
    std::string label = "{zone=";
    append_json_string(label, zone);
    label += "} ";
    std::string text;
    for (const Figure& figure : figures) {
        if (figure.metric.empty()) {
            continue;
        }
        const std::string metric = "ws_pubsub_" + std::string(figure.metric);
        const bool counts = metric.ends_with("_total");
        text += "# HELP " + metric + ' ' + std::string(figure.help) + '\n';
        text += "# TYPE " + metric + (counts ? " counter\n" : " gauge\n");
        text += metric + label;
        append_value(text, figure);
        text += '\n';
    }
    return text;
}

// What to answer instead, if it is no GET.
std::optional<ngx_int_t> begin_read(ngx_http_request_t* r)
{
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        return add_header(r, "Allow", "GET, HEAD")
                   ? NGX_HTTP_NOT_ALLOWED
                   : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    return rc == NGX_OK ? std::nullopt : std::optional(rc);
}

} // namespace

bool asks_ready(ngx_http_request_t* r)
{
    const std::string_view query = view(r->args);
    return query == "ready" || query.starts_with("ready&") ||
           query.starts_with("ready=");
}

ngx_int_t handle_ready(ngx_http_request_t* r, bool ready)
{
    if (const auto refused = begin_read(r)) {
        return *refused;
    }
    return ready ? send_json(r, NGX_HTTP_OK, "{\"ready\":true}\n")
                 : send_json(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                             "{\"ready\":false}\n");
}

ngx_int_t handle_status(ngx_http_request_t* r, std::string_view zone,
                        Store& store)
{
    if (const auto refused = begin_read(r)) {
        return *refused;
    }
    const auto figures = figures_of(store.status());
    switch (format_of(r)) {
    case Format::json:
        break;
    case Format::text:
        return send_answer(
            r, {NGX_HTTP_OK, {}, "text/plain", as_lines(zone, figures)});
    case Format::prometheus:
        return send_answer(r, {NGX_HTTP_OK,
                               {},
                               "text/plain; version=0.0.4; charset=utf-8",
                               as_metrics(zone, figures)});
    }
    return send_json(r, NGX_HTTP_OK, as_json(zone, figures));
}

} // namespace ws_pubsub
