#include "ngx/ngx.hpp"

#include "module/config.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "module/handlers.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"
#include "proto/json_protocol.hpp"
#include "proto/plain_protocol.hpp"

namespace ws_pubsub {

Zone& MainConf::zone(std::string_view name)
{
    auto found = zones.find(name);
    if (found == zones.end()) {
        found = zones.emplace(std::string(name), std::make_unique<Zone>(name))
                    .first;
    }
    return *found->second;
}

void* create_main_conf(ngx_conf_t* cf)
{
    return guarded([&] { return make_in_pool<MainConf>(cf->pool); },
                   static_cast<MainConf*>(nullptr));
}

char* check_main_conf(ngx_conf_t* cf, void* conf)
{
    for (const auto& [name, zone] : static_cast<MainConf*>(conf)->zones) {
        if (!zone->is_defined()) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "zone \"%s\" is not defined by \"ws_pubsub_zone\"",
                          name.c_str());
            return static_cast<char*>(NGX_CONF_ERROR);
        }
        if (zone->posts_nothing()) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"ws_pubsub_events_request\" needs "
                          "\"ws_pubsub_events\" for the zone \"%s\"",
                          name.c_str());
            return static_cast<char*>(NGX_CONF_ERROR);
        }
    }
    return NGX_CONF_OK;
}

void* create_location_conf(ngx_conf_t* cf)
{
    return guarded([&] { return make_in_pool<LocationConf>(cf->pool); },
                   static_cast<LocationConf*>(nullptr));
}

void LocationConf::merge(const LocationConf& outer)
{
    if (allow_subscribe == nullptr) {
        allow_subscribe = outer.allow_subscribe;
    }
    if (allow_publish == nullptr) {
        allow_publish = outer.allow_publish;
    }
    allows_in_location = allows_in_location || outer.allows_in_location;
    if (identity == nullptr) {
        identity = outer.identity;
    }
    if (origins == nullptr) {
        origins = outer.origins;
    }
    token.merge(outer.token);
    hooks.merge(outer.hooks);
    if (!rate_is_set) {
        rate = outer.rate;
        rate_is_set = outer.rate_is_set;
    }
    ngx_conf_merge_size_value(max_message, outer.max_message,
                              kDefaultMaxMessageBytes);
    ngx_conf_merge_size_value(max_batch, outer.max_batch,
                              kDefaultMaxBatchBytes);
    ngx_conf_merge_uint_value(max_subscriptions, outer.max_subscriptions,
                              kDefaultMaxSubscriptions);
    ngx_conf_merge_size_value(queue_bytes, outer.queue_bytes,
                              kDefaultQueueBytes);
    ngx_conf_merge_uint_value(connections, outer.connections, 0);
    ngx_conf_merge_msec_value(ping_interval, outer.ping_interval,
                              static_cast<ngx_msec_t>(kDefaultPingIntervalMs));
    ngx_conf_merge_msec_value(ping_timeout, outer.ping_timeout,
                              static_cast<ngx_msec_t>(kDefaultPingTimeoutMs));
    ngx_conf_merge_msec_value(
        message_timeout, outer.message_timeout,
        static_cast<ngx_msec_t>(kDefaultMessageTimeoutMs));
    ngx_conf_merge_value(compression, outer.compression, 0);
    ngx_conf_merge_uint_value(log_at_connect, outer.log_at_connect, 0);
}

void LocationConf::inherit_role(const LocationConf& outer)
{
    role = outer.role;
    zone = outer.zone;
    topic = outer.topic;
}

namespace {

SessionSettings session_settings(const LocationConf& conf)
{
    SessionSettings settings;
    settings.protocol =
        conf.topic == nullptr ? &kJsonProtocol : &kPlainProtocol;
    settings.client.limits = {conf.queue_bytes, conf.max_subscriptions};
    settings.client.rate = conf.rate;
    settings.client.max_message = conf.max_message;
    settings.client.hooks = conf.hooks.rules();
    settings.keepalive = {static_cast<int64_t>(conf.ping_interval),
                          static_cast<int64_t>(conf.ping_timeout)};
    settings.max_connections = conf.connections;
    settings.message_timeout_ms = static_cast<int64_t>(conf.message_timeout);
    settings.log_at_connect = conf.log_at_connect != 0;
    return settings;
}

// Messages are to lie in memory, in one piece: where nothing else is said,
// nginx would put those over its default into a file.
void enlarge_body_buffer(ngx_conf_t* cf, size_t max_message)
{
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    const size_t usual = 2 * ngx_pagesize;
    if (core->client_body_buffer_size == usual) {
        core->client_body_buffer_size = std::max(usual, max_message);
    }
}

// Without a key no token could be checked. What is said for a server may wait
// for the keys of its locations.
bool check_token(ngx_conf_t* cf, const ngx_http_core_loc_conf_t* core,
                 const TokenRules& rules)
{
    const bool is_location = core->noname != 0 || core->name.len > 0;
    if (!is_location || rules.keys != nullptr ||
        rules.mode_at(TokenPlace::elsewhere) == TokenMode::off) {
        return true;
    }
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"ws_pubsub_token\" needs \"ws_pubsub_token_key\" or "
                  "\"ws_pubsub_token_jwks\" in the location \"%V\"",
                  &core->name);
    return false;
}

} // namespace

char* merge_location_conf(ngx_conf_t* cf, void* outer, void* inner)
{
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    auto& conf = *static_cast<LocationConf*>(inner);
    const auto& outer_conf = *static_cast<LocationConf*>(outer);
    conf.merge(outer_conf);
    // An `if` that has a handler of its own is no endpoint; what counts for the
    // one around it counts there, too.
    if (core->noname != 0 && outer_conf.zone != nullptr) {
        conf.token.zone = outer_conf.zone;
    }
    if (core->noname != 0 && conf.token.mode == TokenMode::unset) {
        conf.token.mode = outer_conf.token.mode_at(outer_conf.place());
    }
    if (!check_token(cf, core, conf.token)) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }
    if (conf.token.keys != nullptr &&
        conf.token.mode_at(conf.place()) != TokenMode::off) {
        conf.token.keys->use_in(static_cast<ngx_http_core_srv_conf_t*>(
            ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module)));
    }
    // `if` and limit_except are the same location under a condition; but of
    // these nginx keeps the handler for `if` only.
    if (core->noname != 0 && outer_conf.role != Role::none &&
        core->handler == nullptr) {
        conf.inherit_role(outer_conf);
        if (core->lmt_excpt != 0) {
            core->handler = handle_request;
        }
    }
    if (Zone* revoking = conf.revoking_zone()) {
        revoking->keep_revocations(conf.token.most_age_s() * 1000);
    }
    conf.session = session_settings(conf);
    conf.session.endpoint = view(core->name);
    if (conf.role == Role::api) {
        enlarge_body_buffer(cf, conf.max_message);
    }
    return NGX_CONF_OK;
}

} // namespace ws_pubsub
