#include "ngx/ngx.hpp"

#include "module/events_directive.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "base/topic.hpp"
#include "module/arguments.hpp"
#include "module/config.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

char* needs_zone(ngx_conf_t* cf, const ngx_command_t* command)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" needs \"zone=\"",
                       &command->name);
    return kConfError;
}

// Of topics that may be told of: none that tell something themselves.
std::optional<Selector> parse_told(std::string_view text)
{
    auto selector = Selector::parse(text);
    return selector && !is_reserved(text) ? std::move(selector) : std::nullopt;
}

// One `name=value` of ws_pubsub_events, or `sessions`.
bool read_rule(const ngx_str_t& argument, EventRules& rules)
{
    if (view(argument) == "sessions") {
        return !std::exchange(rules.sessions, true);
    }
    for (auto [name, rule] : {std::pair{"topics", &rules.topics},
                              std::pair{"publishes", &rules.publishes}}) {
        if (const auto text = value_of(argument, name)) {
            if (*rule) {
                return false;
            }
            *rule = parse_told(*text);
            return rule->has_value();
        }
    }
    return false;
}

// [batch=number] [delay=time]
bool read_option(const ngx_str_t& argument, EventRequest& request)
{
    if (const auto text = value_of(argument, "batch")) {
        const auto number = parse_number(*text);
        request.batch = number.value_or(0);
        return request.batch > 0 && request.batch <= kMostEventBatch;
    }
    if (const auto text = value_of(argument, "delay")) {
        const auto delay_ms =
            parse_time(*text, TimeUnit::milliseconds, kMostEventDelayMs);
        request.delay_ms = delay_ms.value_or(0);
        return delay_ms.has_value();
    }
    return false;
}

char* add_events(ngx_conf_t* cf, const ngx_command_t* command, MainConf& conf)
{
    const Arguments arguments(cf);
    EventRules rules;
    std::string_view zone;
    for (size_t i = 1; i < arguments.count; i++) {
        if (const auto name = value_of(arguments[i], "zone")) {
            zone = *name;
        } else if (!read_rule(arguments[i], rules)) {
            return invalid(cf, arguments[i]);
        }
    }
    if (zone.empty()) {
        return needs_zone(cf, command);
    }
    if (!rules.sessions && !rules.topics && !rules.publishes) {
        return const_cast<char*>("needs \"sessions\", \"topics=\" or "
                                 "\"publishes=\"");
    }
    return conf.zone(zone).tell(std::move(rules))
               ? NGX_CONF_OK
               : const_cast<char*>("is duplicate for its zone");
}

char* add_request(ngx_conf_t* cf, const ngx_command_t* command, MainConf& conf)
{
    const Arguments arguments(cf);
    EventRequest request;
    std::string_view zone;
    for (size_t i = 1; i < arguments.count; i++) {
        if (const auto name = value_of(arguments[i], "zone")) {
            zone = *name;
        } else if (view(arguments[i]).starts_with('/') &&
                   request.uri.path.empty()) {
            const auto uri = parse_own_uri(arguments[i]);
            if (!uri) {
                return invalid(cf, arguments[i]);
            }
            request.uri = *uri;
        } else if (!read_option(arguments[i], request)) {
            return invalid(cf, arguments[i]);
        }
    }
    if (zone.empty()) {
        return needs_zone(cf, command);
    }
    if (request.uri.path.empty()) {
        return const_cast<char*>("needs a location");
    }
    request.server.conf = static_cast<ngx_http_core_srv_conf_t*>(
        ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module));
    return conf.zone(zone).post(std::move(request))
               ? NGX_CONF_OK
               : const_cast<char*>("is duplicate for its zone");
}

} // namespace

// ws_pubsub_events zone=name [sessions] [topics=selector] [publishes=selector]
char* set_events(ngx_conf_t* cf, ngx_command_t* command, void* conf)
{
    return guarded(
        [&] { return add_events(cf, command, *static_cast<MainConf*>(conf)); },
        kConfError);
}

// ws_pubsub_events_request zone=name uri [batch=100] [delay=50ms]
char* set_events_request(ngx_conf_t* cf, ngx_command_t* command, void* conf)
{
    return guarded(
        [&] { return add_request(cf, command, *static_cast<MainConf*>(conf)); },
        kConfError);
}

} // namespace ws_pubsub
