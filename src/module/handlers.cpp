#include "ngx/ngx.hpp"

#include "module/handlers.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "http/answer.hpp"
#include "http/api.hpp"
#include "http/status.hpp"
#include "module/config.hpp"
#include "module/origins.hpp"
#include "module/request_hooks.hpp"
#include "module/rights.hpp"
#include "module/token_authority.hpp"
#include "module/worker.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "ws/accept.hpp"

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

// Whether permissions and hooks leave the session anything to do.
bool allows_anything(const Permissions& permissions, const HookRules& hooks)
{
    return permissions.subscribe != nullptr || permissions.publish != nullptr ||
           hooks.has_any();
}
bool allows_anything(const Permissions& permissions, const HookRules& hooks,
                     const std::string& topic)
{
    return permissions.may_subscribe(*Selector::parse(topic)) ||
           permissions.may_publish(topic) ||
           hooks.publish != HookRules::Mode::off;
}

// Whether its session has yet to bring the token that it needs.
bool begins_as_nobody(const Rights& rights, const LocationConf& conf)
{
    return !rights.user && conf.token.mode_at(conf.place()) == TokenMode::later;
}

// Whether tokens that come in-band are of use to its sessions.
bool takes_tokens(const LocationConf& conf)
{
    return conf.place() == TokenPlace::endpoint &&
           (conf.token.ticket_keys != nullptr ||
            conf.token.mode_at(conf.place()) != TokenMode::off);
}

ngx_int_t refuse_all(ngx_http_request_t* r)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "ws_pubsub: upgrade refused: nothing is allowed");
    return NGX_HTTP_FORBIDDEN;
}

// The status of a failure that the request has had before and that nginx would
// answer with, whatever comes of it here: that of an error_page without `=`.
// nullopt: none. A good one that was set so is forgotten, for one that is true.
std::optional<ngx_int_t> earlier_failure(ngx_http_request_t* r)
{
    if (r->err_status < NGX_HTTP_SPECIAL_RESPONSE) {
        r->err_status = 0;
        return std::nullopt;
    }
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "ws_pubsub: the request has failed before, with %ui",
                  r->err_status);
    return static_cast<ngx_int_t>(r->err_status);
}

ngx_int_t serve_websocket(ngx_http_request_t* r, const LocationConf& conf,
                          Worker& worker, ZoneWorker& zone)
{
    if (r != r->main) { // its connection is another request's
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "ws_pubsub: a WebSocket endpoint was reached by a "
                      "subrequest");
        return NGX_HTTP_NOT_FOUND;
    }
    if (r->err_status == kUpgradeRequired) { // this is its error_page
        return upgrade_required(r);
    }
    if (const auto failure = earlier_failure(r)) {
        return *failure;
    }
    if (!is_origin_allowed(r, conf.origins)) {
        return NGX_HTTP_FORBIDDEN;
    }
    const HookRules& hooks = conf.session.client.hooks;
    SessionOptions options;
    if (takes_tokens(conf)) {
        options.authority = std::make_unique<TokenAuthority>(*r, conf);
    }
    options.rights = rights_of(r, conf);
    if (begins_as_nobody(options.rights, conf)) {
        options.token_due_s =
            static_cast<uint32_t>(ngx_time() + conf.token.first_s);
    } else if (!allows_anything(options.rights.permissions, hooks)) {
        return refuse_all(r);
    }
    Upgrade upgrade;
    const auto refused = check_upgrade(r, conf.session.protocol->subprotocol,
                                       conf.compression != 0, upgrade);
    if (refused) {
        return *refused;
    }
    if (ngx_exiting || zone.registry() == nullptr) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    if (conf.topic != nullptr) {
        const auto topic = configured_topic(r, conf);
        if (!topic || !is_topic(*topic)) {
            return NGX_HTTP_BAD_REQUEST;
        }
        if (!allows_anything(options.rights.permissions, hooks, *topic)) {
            return refuse_all(r);
        }
        options.topic = *topic;
    }
    if (hooks.has_any()) {
        options.hooks =
            std::make_unique<RequestHooks>(*r, conf, zone.hook_book());
    }
    return accept_upgrade(r, *zone.registry(), worker.parts(), conf.session,
                          std::move(options), upgrade);
}

ngx_int_t serve_api(ngx_http_request_t* r, const LocationConf& conf,
                    const Worker& worker, ZoneWorker& zone)
{
    // What is read may be the page of an error.
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        if (const auto failure = earlier_failure(r)) {
            return *failure;
        }
        if (!may_page_change(r, conf.origins)) {
            return send_error(r, {Errc::denied, "not from that origin"});
        }
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
    return handle_api(r, endpoint, *topic);
}

ngx_int_t dispatch(ngx_http_request_t* r)
{
    const LocationConf& conf = location_conf(r);
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
        if (asks_ready(r)) {
            return handle_ready(r,
                                zone->broker() != nullptr && ngx_exiting == 0);
        }
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
