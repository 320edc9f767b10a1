#include "ngx/ngx.hpp"

#include "http/status.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>

#include "http/answer.hpp"
#include "json/writer.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

enum class Format : uint8_t { json, text, prometheus };

struct Figure {
    std::string_view name;
    std::string_view metric; // Prometheus' name for it, after ws_pubsub_
    std::string_view help;
    uint64_t value;
};

constexpr size_t kFigures = 26;

std::array<Figure, kFigures> figures_of(const ZoneStatus& status)
{
    const TopicTotals& totals = status.totals;
    const DeliveryTotals& deliveries = status.deliveries;
    const ShareBook& shares = status.shares;
    return {{
        {"size", "zone_size_bytes", "Size of the zone.", status.zone_bytes},
        {"free", "zone_free_bytes", "Free bytes of the zone.",
         status.free_bytes},
        {"subscribers_held", "subscribers_held_bytes",
         "Bytes of the zone that are there for subscribers alone.",
         shares.held},
        {"subscribers_limit", "subscribers_limit_bytes",
         "The most they may be.", shares.held_most},
        {"interests", "interests_bytes",
         "Bytes of workers' interests in topics that exist.", shares.reading},
        {"keys_held", "keys_held_bytes",
         "Bytes of applications' idempotency keys.",
         status.key_bytes[static_cast<size_t>(KeyShare::application)]},
        {"client_keys_held", "client_keys_held_bytes",
         "Bytes of clients' keys.",
         status.key_bytes[static_cast<size_t>(KeyShare::client)]},
        {"keys_limit", "keys_limit_bytes", "The most that each of them may be.",
         shares.keys_most},
        {"workers", "workers", "Workers that use the zone.", status.workers},
        {"sessions", "sessions", "Open WebSocket sessions.", status.sessions},
        {"subscriptions", "subscriptions", "Subscriptions of all sessions.",
         status.subscriptions},
        {"topics", "topics", "Topics that exist.", totals.topics},
        {"messages", "messages", "Messages kept, or not yet read by a worker.",
         totals.items},
        {"published", "published_total", "Messages published.",
         totals.published},
        {"delivered", "delivered_total", "Messages queued for sessions.",
         deliveries.delivered},
        {"conflated", "conflated_total",
         "Messages left out for sessions in favour of newer ones.",
         deliveries.conflated},
        {"evicted", "evicted_total", "Messages dropped to make room.",
         totals.evicted},
        {"expired", "expired_total",
         "Messages dropped as older than their ttl.", totals.expired},
        {"refused", "refused_total", "Publishes refused as the zone was full.",
         totals.refused},
        {"refused_subscriptions", "refused_subscriptions_total",
         "Subscriptions refused for want of room.",
         deliveries.refused_subscriptions},
        {"slow", "slow_total", "Sessions closed as too slow.", deliveries.slow},
        {"hooks", "hooks_total", "Hooks that were asked.", deliveries.hooks},
        {"hooks_pending", "hooks_pending", "Hooks that have yet to answer.",
         status.hooks_pending},
        {"hooks_denied", "hooks_denied_total", "Hooks that did not allow it.",
         deliveries.hooks_denied},
        {"hooks_failed", "hooks_failed_total",
         "Hooks that gave no answer, or could not be asked.",
         deliveries.hooks_failed},
        {"repairs", "repairs_total",
         "Changes of dead processes that were undone.", status.repairs},
    }};
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
        out.name(figure.name).number(figure.value);
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
        append_number(text, figure.value);
        text += '\n';
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
        const std::string metric = "ws_pubsub_" + std::string(figure.metric);
        const bool counts = metric.ends_with("_total");
        text += "# HELP " + metric + ' ' + std::string(figure.help) + '\n';
        text += "# TYPE " + metric + (counts ? " counter\n" : " gauge\n");
        text += metric + label;
        append_number(text, figure.value);
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
