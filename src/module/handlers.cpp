#include "ngx/ngx.hpp"

#include "module/handlers.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "http/answer.hpp"
#include "http/api.hpp"
#include "http/control.hpp"
#include "http/status.hpp"
#include "module/config.hpp"
#include "module/endpoint.hpp"
#include "module/origins.hpp"
#include "module/request_checks.hpp"
#include "module/rights.hpp"
#include "module/tokens.hpp"
#include "module/worker.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

// What follows the location's prefix in the URI; nullopt where that is not a
// part of its own, as in /apix for a location /api, and where the URI was
// rewritten to one that lies elsewhere.
std::optional<std::string> topic_of_uri(ngx_http_request_t* r)
{
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    const std::string_view prefix = view(core->name);
    std::string_view rest = view(r->uri);
    if (!rest.starts_with(prefix)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "ws_pubsub: \"%V\" lies outside of the location \"%V\": "
                      "it names no topic",
                      &r->uri, &core->name);
        return std::nullopt;
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

// What the request is answered instead, where it may change nothing; what is
// read may be the page of an error.
std::optional<ngx_int_t> refuse_change(ngx_http_request_t* r,
                                       const LocationConf& conf)
{
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) != 0) {
        return std::nullopt;
    }
    if (const auto failure = earlier_failure(r)) {
        return failure;
    }
    return may_page_change(r, conf.origins)
               ? std::nullopt
               : std::optional(
                     send_error(r, {Errc::denied, "not from that origin"}));
}

ngx_int_t serve_control(ngx_http_request_t* r, const LocationConf& conf,
                        const Worker& worker, ZoneWorker& zone)
{
    if (const auto refused = refuse_change(r, conf)) {
        return *refused;
    }
    if (zone.broker() == nullptr) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    const auto path = topic_of_uri(r);
    return path ? handle_control(r,
                                 {zone.store(), zone.broker()->worker(),
                                  zone.control().waits(),
                                  conf.zone->revocation_keep_ms(),
                                  worker.clock()},
                                 *path)
                : NGX_HTTP_NOT_FOUND;
}

ngx_int_t serve_api(ngx_http_request_t* r, const LocationConf& conf,
                    const Worker& worker, ZoneWorker& zone)
{
    if (const auto refused = refuse_change(r, conf)) {
        return *refused;
    }
    const auto topic =
        conf.topic != nullptr ? configured_topic(r, conf) : topic_of_uri(r);
    if (!topic) {
        return NGX_HTTP_NOT_FOUND;
    }
    // A topic= whose variables are empty must not open the whole zone.
    ApiEndpoint endpoint{zone.publisher(),
                         worker.clock(),
                         conf.max_message,
                         conf.max_batch,
                         conf.topic == nullptr,
                         std::nullopt,
                         {},
                         r->connection->log,
                         zone.request_turns()};
    if (conf.allows_in_location || conf.token.has_grants(conf.place())) {
        Rights rights = rights_of(r, conf);
        endpoint.permissions = std::move(rights.permissions);
        endpoint.identity = std::move(rights.identity);
    }
    const RequestToken* token =
        zone.store().events.tells_publishes() ? token_here(r) : nullptr;
    if (token != nullptr) {
        endpoint.user = token->user;
    }
    return handle_api(r, endpoint, *topic);
}

// Whether load balancers may send clients here.
bool is_ready(ZoneWorker& zone)
{
    const ClusterStatus cluster = zone.store().status().cluster;
    return zone.broker() != nullptr && ngx_exiting == 0 &&
           (cluster.state == ClusterState::off ||
            (cluster.state == ClusterState::following && !cluster.is_alone));
}

ngx_int_t dispatch(ngx_http_request_t* r)
{
    const LocationConf& conf = location_conf(r);
    Worker* worker = Worker::current();
    ZoneWorker* zone = worker == nullptr ? nullptr : worker->zone(*conf.zone);
    if (zone == nullptr) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    const bool is_for_clients =
        conf.role == Role::websocket || conf.role == Role::api;
    if (is_for_clients && !zone->store().following.serves()) {
        return send_error(r, kNotServed);
    }
    switch (conf.role) {
    case Role::websocket:
        return serve_endpoint(r, conf, *worker, *zone);
    case Role::api:
        return serve_api(r, conf, *worker, *zone);
    case Role::status:
        if (asks_ready(r)) {
            return handle_ready(r, is_ready(*zone));
        }
        return handle_status(r, conf.zone->name(), zone->store());
    case Role::control:
        return serve_control(r, conf, *worker, *zone);
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
