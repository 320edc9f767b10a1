#include "ngx/ngx.hpp"

#include "module/handlers.hpp"

#include <optional>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "http/api.hpp"
#include "http/status.hpp"
#include "module/config.hpp"
#include "module/worker.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "proto/json_protocol.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

// The value of topic=; nullopt when nginx has no memory.
std::optional<std::string> configured_topic(ngx_http_request_t* r,
                                            const LocationConf& conf)
{
    ngx_str_t value;
    if (ngx_http_complex_value(r, conf.topic, &value) != NGX_OK) {
        return std::nullopt;
    }
    return std::string(view(value));
}

// What follows the location's prefix in the URI; nullopt where that is not a
// part of its own, as in /apix for a location /api.
std::optional<std::string> topic_of_uri(ngx_http_request_t* r)
{
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    const std::string_view prefix = view(core->name);
    std::string_view rest = view(r->uri);
    if (!rest.starts_with(prefix)) {
        return std::string(); // the location is there by a redirect
    }
    rest.remove_prefix(prefix.size());
    if (!prefix.ends_with('/') && !rest.empty()) {
        if (!rest.starts_with('/')) {
            return std::nullopt;
        }
        rest.remove_prefix(1);
    }
    return std::string(rest);
}

SessionOptions session_options(const LocationConf& conf)
{
    SessionOptions options;
    options.max_message = conf.max_message;
    options.limits.queue_bytes = conf.queue_bytes;
    options.limits.max_subscriptions = conf.max_subscriptions;
    options.rate = conf.rate;
    options.max_connections = conf.connections;
    options.ping_interval_ms = static_cast<int64_t>(conf.ping_interval);
    options.ping_timeout_ms = static_cast<int64_t>(conf.ping_timeout);
    options.compression = conf.compression != 0;
    options.log_at_connect = conf.log_at_connect != 0;
    return options;
}

// Who the session is; nobody where the value is empty, or none of ours.
std::string identity_of(ngx_http_request_t* r, const LocationConf& conf)
{
    ngx_str_t value = ngx_null_string;
    if (conf.identity == nullptr ||
        ngx_http_complex_value(r, conf.identity, &value) != NGX_OK) {
        return {};
    }
    if (value.len > kMaxIdentityBytes || !is_utf8(view(value))) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "ws_pubsub: the identity is longer than %uz bytes, or "
                      "not UTF-8: the session has none",
                      kMaxIdentityBytes);
        return {};
    }
    return std::string(view(value));
}

// Whether the permissions leave the session anything to do.
bool allows_anything(const SessionOptions& options)
{
    if (!options.topic) {
        return options.permissions.subscribe != nullptr ||
               options.permissions.publish != nullptr;
    }
    const auto selector = Selector::parse(*options.topic);
    return options.permissions.may_subscribe(*selector) ||
           options.permissions.may_publish(*options.topic);
}

ngx_int_t serve_websocket(ngx_http_request_t* r, const LocationConf& conf,
                          Worker& worker, ZoneWorker& zone)
{
    const bool plain = conf.topic != nullptr;
    Upgrade upgrade;
    const auto refused =
        check_upgrade(r, plain ? std::string_view{} : JsonProtocol::kName,
                      conf.compression != 0, upgrade);
    if (refused) {
        return *refused;
    }
    if (ngx_exiting || zone.broker() == nullptr) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    SessionOptions options = session_options(conf);
    if (plain) {
        options.topic = configured_topic(r, conf);
        if (!options.topic || !is_topic(*options.topic)) {
            return NGX_HTTP_BAD_REQUEST;
        }
    }
    options.identity = identity_of(r, conf);
    options.permissions =
        evaluate_permissions(r, conf.allow_subscribe, conf.allow_publish);
    if (!allows_anything(options)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "ws_pubsub: upgrade refused: nothing is allowed");
        return NGX_HTTP_FORBIDDEN;
    }
    return Connection::accept(r, *zone.broker(), worker.parts(), options,
                              upgrade);
}

ngx_int_t serve_api(ngx_http_request_t* r, const LocationConf& conf,
                    const Worker& worker, ZoneWorker& zone)
{
    const auto topic =
        conf.topic != nullptr ? configured_topic(r, conf) : topic_of_uri(r);
    if (!topic) {
        return NGX_HTTP_NOT_FOUND;
    }
    // A topic= whose variables are empty must not open the whole zone.
    return handle_api(r,
                      {zone.publisher(), worker.clock(), conf.max_message,
                       conf.max_batch, conf.topic == nullptr},
                      *topic);
}

ngx_int_t dispatch(ngx_http_request_t* r)
{
    const auto& conf = *static_cast<LocationConf*>(
        ngx_http_get_module_loc_conf(r, ngx_ws_pubsub_module));
    Worker* worker = Worker::current();
    ZoneWorker* zone = worker == nullptr ? nullptr : worker->zone(*conf.zone);
    if (zone == nullptr) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    switch (conf.role) {
    case Role::websocket:
        return serve_websocket(r, conf, *worker, *zone);
    case Role::api:
        return serve_api(r, conf, *worker, *zone);
    case Role::status:
        return handle_status(r, conf.zone->name(), zone->store());
    case Role::none:
        break;
    }
    return NGX_DECLINED;
}

} // namespace

ngx_int_t handle_request(ngx_http_request_t* r)
{
    return guarded([&] { return dispatch(r); },
                   ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR});
}

} // namespace ws_pubsub
