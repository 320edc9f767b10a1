#include "ngx/ngx.hpp"

#include "module/endpoint.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "module/origins.hpp"
#include "module/request_checks.hpp"
#include "module/request_hooks.hpp"
#include "module/rights.hpp"
#include "module/token_authority.hpp"
#include "module/tokens.hpp"
#include "module/waiting_upgrade.hpp"
#include "ws/accept.hpp"

namespace ws_pubsub {

namespace {

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
           permissions.may_publish(topic) || hooks.has_any();
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

// Why there is no session at all; nullopt: there may be one.
std::optional<ngx_int_t> refuse_early(ngx_http_request_t* r,
                                      const LocationConf& conf)
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
        return failure;
    }
    if (!is_origin_allowed(r, conf.origins)) {
        return NGX_HTTP_FORBIDDEN;
    }
    return std::nullopt;
}

// What the session begins with. nullopt: it may do nothing.
std::optional<SessionOptions>
session_options(ngx_http_request_t* r, const LocationConf& conf, Worker& worker)
{
    SessionOptions options;
    if (takes_tokens(conf)) {
        options.authority =
            std::make_unique<TokenAuthority>(*r, conf, worker.check_turns());
    }
    options.rights = rights_of(r, conf);
    if (begins_as_nobody(options.rights, conf)) {
        options.token_due_s =
            static_cast<uint32_t>(ngx_time() + conf.token.first_s);
    } else if (!allows_anything(options.rights.permissions,
                                conf.session.client.hooks)) {
        return std::nullopt;
    }
    return options;
}

// Fills in the topic of a plain endpoint. nullopt: there is one; or what is
// answered.
std::optional<ngx_int_t> set_topic(ngx_http_request_t* r,
                                   const LocationConf& conf,
                                   SessionOptions& options)
{
    const auto topic = configured_topic(r, conf);
    if (!topic || !is_topic(*topic)) {
        return NGX_HTTP_BAD_REQUEST;
    }
    if (!allows_anything(options.rights.permissions, conf.session.client.hooks,
                         *topic)) {
        return refuse_all(r);
    }
    options.topic = *topic;
    return std::nullopt;
}

ngx_int_t open_session(ngx_http_request_t* r, const LocationConf& conf,
                       const Worker& worker, ZoneWorker& zone,
                       SessionOptions options, const Upgrade& upgrade)
{
    if (ngx_exiting || zone.registry() == nullptr) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    if (const auto refused = refuse_revoked(r, conf, options.rights)) {
        return *refused;
    }
    options.session_id = session_number(r);
    return accept_upgrade(r, *zone.registry(), worker.parts(), conf.session,
                          std::move(options), upgrade);
}

// Whether a hook is asked before the client of a plain endpoint is let in.
bool must_ask_first(const LocationConf& conf, const SessionOptions& options)
{
    return conf.topic != nullptr &&
           conf.session.client.hooks.must_ask(
               Question::About::subscribe,
               options.rights.permissions.may_subscribe(
                   *Selector::parse(options.topic)),
               options.topic);
}

} // namespace

ngx_int_t serve_endpoint(ngx_http_request_t* r, const LocationConf& conf,
                         Worker& worker, ZoneWorker& zone)
{
    if (const auto refused = refuse_early(r, conf)) {
        return *refused;
    }
    auto options = session_options(r, conf, worker);
    if (!options) {
        return refuse_all(r);
    }
    Upgrade upgrade;
    if (const auto refused =
            check_upgrade(r, conf.session.protocol->subprotocol,
                          conf.compression != 0, upgrade)) {
        return *refused;
    }
    if (ngx_exiting || zone.registry() == nullptr) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    if (conf.topic != nullptr) {
        if (const auto refused = set_topic(r, conf, *options)) {
            return *refused;
        }
    }
    const HookRules& hooks = conf.session.client.hooks;
    if (hooks.has_any()) {
        options->hooks =
            std::make_unique<RequestHooks>(*r, conf, zone.hook_book());
    }
    if (!must_ask_first(conf, *options)) {
        return open_session(r, conf, worker, zone, std::move(*options),
                            upgrade);
    }
    return WaitingUpgrade::begin(
        r, std::move(*options), hooks, worker.clock(),
        [r, &conf, &worker, &zone, upgrade](SessionOptions allowed) {
            return open_session(r, conf, worker, zone, std::move(allowed),
                                upgrade);
        });
}

} // namespace ws_pubsub
