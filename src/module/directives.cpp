// The directives: their names, contexts and arguments.
#include "ngx/ngx.hpp"

#include <cstddef>
#include <optional>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "module/arguments.hpp"
#include "module/cluster_directive.hpp"
#include "module/config.hpp"
#include "module/events_directive.hpp"
#include "module/handlers.hpp"
#include "module/origins.hpp"
#include "module/query_variables.hpp"
#include "module/snapshot_directive.hpp"
#include "module/topic_directive.hpp"
#include "module/zone_directive.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

MainConf& main_conf(ngx_conf_t* cf)
{
    return *static_cast<MainConf*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_ws_pubsub_module));
}

char* set_topic_value(ngx_conf_t* cf, std::string_view text,
                      ngx_http_complex_value_t*& out)
{
    ngx_str_t value = copy(cf->pool, text);
    if (value.data != nullptr) {
        value = with_decoded_arguments(cf->pool, value);
    }
    out = static_cast<ngx_http_complex_value_t*>(
        ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t)));
    if (value.data == nullptr || out == nullptr) {
        return kConfError;
    }
    if (ngx_http_script_variables_count(&value) == 0 &&
        !is_topic(view(value))) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid topic \"%V\"",
                           &value);
        return kConfError;
    }
    ngx_http_compile_complex_value_t compile{};
    compile.cf = cf;
    compile.value = &value;
    compile.complex_value = out;
    return ngx_http_compile_complex_value(&compile) == NGX_OK ? NGX_CONF_OK
                                                              : kConfError;
}

// ws_pubsub_identity value
char* set_identity(ngx_conf_t* cf, ngx_command_t* command, void* conf)
{
    return guarded(
        [&] {
            auto& value = static_cast<ngx_str_t*>(cf->args->elts)[1];
            value = with_decoded_arguments(cf->pool, value);
            return value.data == nullptr
                       ? kConfError
                       : ngx_http_set_complex_value_slot(cf, command, conf);
        },
        kConfError);
}

// Whether the topic can be what follows the location's prefix.
bool has_prefix(const ngx_http_core_loc_conf_t* location)
{
#if (NGX_PCRE)
    if (location->regex != nullptr) {
        return false;
    }
#endif
    return location->named == 0 && location->noname == 0;
}

bool may_have_topic(Role role)
{
    return role == Role::websocket || role == Role::api;
}

// ws_pubsub, ws_pubsub_api: zone=name [topic=…]
// ws_pubsub_status, ws_pubsub_control: zone=name
char* set_role(ngx_conf_t* cf, const ngx_command_t* command, void* conf,
               Role role)
{
    auto& location = *static_cast<LocationConf*>(conf);
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    if (location.role != Role::none) {
        return location.role == role
                   ? const_cast<char*>("is duplicate")
                   : const_cast<char*>("shares its location with another "
                                       "ws_pubsub directive");
    }
    const Arguments arguments(cf);
    for (size_t i = 1; i < arguments.count; i++) {
        if (const auto zone = value_of(arguments[i], "zone");
            zone && !zone->empty() && location.zone == nullptr) {
            location.zone = &main_conf(cf).zone(*zone);
        } else if (const auto topic = value_of(arguments[i], "topic");
                   topic && may_have_topic(role) && location.topic == nullptr) {
            char* rc = set_topic_value(cf, *topic, location.topic);
            if (rc != NGX_CONF_OK) {
                return rc;
            }
        } else {
            return invalid(cf, arguments[i]);
        }
    }
    if (location.zone == nullptr) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" needs \"zone=\"",
                           &command->name);
        return kConfError;
    }
    if (role == Role::api && location.topic == nullptr && !has_prefix(core)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" needs \"topic=\" in a location without a "
                           "prefix",
                           &command->name);
        return kConfError;
    }
    if (role == Role::control && !has_prefix(core)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" needs a location with a prefix",
                           &command->name);
        return kConfError;
    }
    location.role = role;
    core->handler = handle_request;
    return NGX_CONF_OK;
}

template <Role role>
char* set_role(ngx_conf_t* cf, ngx_command_t* command, void* conf)
{
    return guarded([&] { return set_role(cf, command, conf, role); },
                   kConfError);
}

// selector… | off
template <const SelectorRules* LocationConf::*rules>
char* set_allow(ngx_conf_t* cf, ngx_command_t* command, void* conf)
{
    auto& location = *static_cast<LocationConf*>(conf);
    if (location.*rules != nullptr) {
        return const_cast<char*>("is duplicate");
    }
    const Arguments arguments(cf);
    return guarded(
        [&] {
            auto* made = make_in_pool<SelectorRules>(cf->pool);
            if (made == nullptr || !made->read(cf, command->name, &arguments[1],
                                               arguments.count - 1)) {
                return kConfError;
            }
            location.*rules = made;
            location.allows_in_location =
                (cf->cmd_type & NGX_HTTP_LOC_CONF) != 0;
            return static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

// ws_pubsub_rate off | 100r/s | 6000r/m, [burst=200]
char* set_rate(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    auto& location = *static_cast<LocationConf*>(conf);
    if (location.rate_is_set) {
        return const_cast<char*>("is duplicate");
    }
    location.rate_is_set = true;
    const Arguments arguments(cf);
    std::string_view text = view(arguments[1]);
    if (text == "off" && arguments.count == 2) {
        return NGX_CONF_OK;
    }
    const uint32_t times = text.ends_with("r/s") ? 60 : 1;
    if (times == 1 && !text.ends_with("r/m")) {
        return invalid(cf, arguments[1]);
    }
    text.remove_suffix(3);
    const auto rate = parse_number(text);
    if (!rate || *rate == 0 || *rate > UINT32_MAX / times) {
        return invalid(cf, arguments[1]);
    }
    location.rate.per_minute = static_cast<uint32_t>(*rate) * times;
    if (arguments.count == 3) {
        const auto text_burst = value_of(arguments[2], "burst");
        const auto burst =
            text_burst ? parse_number(*text_burst) : std::nullopt;
        if (!burst || *burst > UINT32_MAX) {
            return invalid(cf, arguments[2]);
        }
        location.rate.burst = static_cast<uint32_t>(*burst);
    }
    return NGX_CONF_OK;
}

// ws_pubsub_connections n | off
char* set_connections(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    auto& location = *static_cast<LocationConf*>(conf);
    if (location.connections != NGX_CONF_UNSET_UINT) {
        return const_cast<char*>("is duplicate");
    }
    const Arguments arguments(cf);
    const auto number =
        view(arguments[1]) == "off" ? 0 : parse_number(view(arguments[1]));
    if (!number) {
        return invalid(cf, arguments[1]);
    }
    location.connections = *number;
    return NGX_CONF_OK;
}

// As ngx_conf_set_size_slot(), with `g`.
char* set_size(ngx_conf_t* cf, ngx_command_t* command, void* conf)
{
    auto& size =
        *reinterpret_cast<size_t*>(static_cast<char*>(conf) + command->offset);
    if (size != NGX_CONF_UNSET_SIZE) {
        return const_cast<char*>("is duplicate");
    }
    const auto value = parse_size(view(Arguments(cf)[1]));
    if (!value) {
        return const_cast<char*>("invalid value");
    }
    size = *value;
    auto* check = static_cast<ngx_conf_post_t*>(command->post);
    return check->post_handler(cf, check, &size);
}

char* check_max_message(ngx_conf_t* /*cf*/, void* /*post*/, void* value)
{
    return *static_cast<size_t*>(value) <= kMostMaxMessageBytes
               ? NGX_CONF_OK
               : const_cast<char*>("takes 256m at most");
}

char* check_queue(ngx_conf_t* /*cf*/, void* /*post*/, void* value)
{
    return *static_cast<size_t*>(value) >= kLeastQueueBytes
               ? NGX_CONF_OK
               : const_cast<char*>("takes 4k at least");
}

ngx_conf_post_t max_message_check = {check_max_message};
ngx_conf_post_t queue_check = {check_queue};

ngx_conf_num_bounds_t subscription_bounds = {ngx_conf_check_num_bounds, 1,
                                             1000000};

ngx_conf_enum_t log_times[] = {
    {ngx_string("close"), 0}, {ngx_string("connect"), 1}, {ngx_null_string, 0}};

constexpr ngx_uint_t kAnywhere =
    NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF;

} // namespace

ngx_command_t directives[] = {
    {ngx_string("ws_pubsub_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE123,
     set_zone, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_topic"), NGX_HTTP_MAIN_CONF | NGX_CONF_2MORE,
     set_topic, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_events"), NGX_HTTP_MAIN_CONF | NGX_CONF_2MORE,
     set_events, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_events_request"), NGX_HTTP_SRV_CONF | NGX_CONF_2MORE,
     set_events_request, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_snapshot"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE23,
     set_snapshot, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_cluster"), NGX_HTTP_MAIN_CONF | NGX_CONF_2MORE,
     set_cluster, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE12,
     set_role<Role::websocket>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_api"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE12,
     set_role<Role::api>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_status"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
     set_role<Role::status>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_control"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1,
     set_role<Role::control>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_allow_subscribe"), kAnywhere | NGX_CONF_1MORE,
     set_allow<&LocationConf::allow_subscribe>, NGX_HTTP_LOC_CONF_OFFSET, 0,
     nullptr},
    {ngx_string("ws_pubsub_allow_publish"), kAnywhere | NGX_CONF_1MORE,
     set_allow<&LocationConf::allow_publish>, NGX_HTTP_LOC_CONF_OFFSET, 0,
     nullptr},
    {ngx_string("ws_pubsub_max_message"), kAnywhere | NGX_CONF_TAKE1, set_size,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, max_message),
     &max_message_check},
    {ngx_string("ws_pubsub_max_batch"), kAnywhere | NGX_CONF_TAKE1, set_size,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, max_batch),
     &max_message_check},
    {ngx_string("ws_pubsub_max_subscriptions"), kAnywhere | NGX_CONF_TAKE1,
     ngx_conf_set_num_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConf, max_subscriptions), &subscription_bounds},
    {ngx_string("ws_pubsub_queue"), kAnywhere | NGX_CONF_TAKE1, set_size,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, queue_bytes),
     &queue_check},
    {ngx_string("ws_pubsub_rate"), kAnywhere | NGX_CONF_TAKE12, set_rate,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_connections"), kAnywhere | NGX_CONF_TAKE1,
     set_connections, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_ping_interval"), kAnywhere | NGX_CONF_TAKE1,
     ngx_conf_set_msec_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConf, ping_interval), nullptr},
    {ngx_string("ws_pubsub_ping_timeout"), kAnywhere | NGX_CONF_TAKE1,
     ngx_conf_set_msec_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConf, ping_timeout), nullptr},
    {ngx_string("ws_pubsub_message_timeout"), kAnywhere | NGX_CONF_TAKE1,
     ngx_conf_set_msec_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConf, message_timeout), nullptr},
    {ngx_string("ws_pubsub_compression"), kAnywhere | NGX_CONF_FLAG,
     ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConf, compression), nullptr},
    {ngx_string("ws_pubsub_identity"), kAnywhere | NGX_CONF_TAKE1, set_identity,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, identity), nullptr},
    {ngx_string("ws_pubsub_origin"), kAnywhere | NGX_CONF_1MORE, set_origins,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_token_key"), kAnywhere | NGX_CONF_TAKE2,
     set_token_key, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_token_jwks"), kAnywhere | NGX_CONF_TAKE123,
     set_token_jwks, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_token_from"), kAnywhere | NGX_CONF_1MORE,
     set_token_from, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_subscription_token_key"), kAnywhere | NGX_CONF_TAKE2,
     set_ticket_key, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_token"), kAnywhere | NGX_CONF_TAKE12, set_token_mode,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_token_check"), kAnywhere | NGX_CONF_1MORE,
     set_token_check, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_token_grants"), kAnywhere | NGX_CONF_TAKE1,
     set_token_grants, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_subscribe_request"), kAnywhere | NGX_CONF_TAKE123,
     set_subscribe_request, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_publish_request"), kAnywhere | NGX_CONF_TAKE12,
     set_publish_request, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_hook_timeout"), kAnywhere | NGX_CONF_TAKE1,
     set_hook_timeout, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_hook_pending"), kAnywhere | NGX_CONF_TAKE1,
     set_hook_pending, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_hook_pass"), kAnywhere | NGX_CONF_1MORE,
     set_hook_pass, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("ws_pubsub_log_at"), kAnywhere | NGX_CONF_TAKE1,
     ngx_conf_set_enum_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConf, log_at_connect), &log_times},
    ngx_null_command};

} // namespace ws_pubsub
