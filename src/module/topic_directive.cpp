#include "ngx/ngx.hpp"

#include "module/topic_directive.hpp"

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "module/arguments.hpp"
#include "module/config.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

bool read_time(std::string_view text, int64_t& ms)
{
    const auto time =
        parse_time(text, TimeUnit::milliseconds, kMaxPolicyTimeMs);
    ms = time.value_or(0);
    return time.has_value();
}

// One `name=value` of ws_pubsub_topic.
bool read_policy(const ngx_str_t& argument, Policy& policy)
{
    if (const auto retain = value_of(argument, "retain")) {
        policy.retain = *retain == "on";
        return *retain == "on" || *retain == "off";
    }
    if (const auto history = value_of(argument, "history")) {
        const auto number = parse_number(*history);
        policy.history = static_cast<uint32_t>(number.value_or(0));
        return number && *number < UINT32_MAX;
    }
    if (const auto delta = value_of(argument, "delta")) {
        policy.delta = *delta == "on";
        return *delta == "on" || *delta == "off";
    }
    if (const auto presence = value_of(argument, "presence")) {
        policy.presence = *presence == "on";
        return *presence == "on" || *presence == "off";
    }
    if (const auto conflate = value_of(argument, "conflate")) {
        policy.conflate = *conflate == "full"     ? Conflate::full
                          : *conflate == "always" ? Conflate::always
                                                  : Conflate::off;
        return *conflate == "full" || *conflate == "always" ||
               *conflate == "off";
    }
    if (const auto ttl = value_of(argument, "ttl")) {
        return read_time(*ttl, policy.ttl_ms);
    }
    if (const auto idle = value_of(argument, "idle")) {
        return read_time(*idle, policy.idle_ms);
    }
    if (const auto most = value_of(argument, "max_subscribers")) {
        const auto number = parse_number(*most);
        policy.max_subscribers = static_cast<uint32_t>(number.value_or(0));
        return number && *number <= UINT32_MAX;
    }
    return false;
}

} // namespace

// ws_pubsub_topic selector zone=name [retain=on] [history=0] [delta=off]
// [conflate=off] [presence=off] [ttl=0] [idle=0] [max_subscribers=0]
char* set_topic(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    const Arguments arguments(cf);
    const auto selector = Selector::parse(view(arguments[1]));
    if (!selector) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid selector \"%V\" in \"ws_pubsub_topic\"",
                           &arguments[1]);
        return kConfError;
    }
    Policy policy;
    std::string_view zone;
    for (size_t i = 2; i < arguments.count; i++) {
        if (const auto name = value_of(arguments[i], "zone")) {
            zone = *name;
        } else if (!read_policy(arguments[i], policy)) {
            return invalid(cf, arguments[i]);
        }
    }
    if (zone.empty()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ws_pubsub_topic\" needs \"zone=\"");
        return kConfError;
    }
    return guarded(
        [&] {
            static_cast<MainConf*>(conf)->zone(zone).policies().add(*selector,
                                                                    policy);
            return static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

} // namespace ws_pubsub
