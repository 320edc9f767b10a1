#include "ngx/ngx.hpp"

#include "module/rights.hpp"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "module/tokens.hpp"
#include "ngx/text.hpp"
#include "token/grants.hpp"

namespace ws_pubsub {

namespace {

// Who the session is; nobody where the value is empty, or none of ours. `user`:
// where the configuration does not say it.
std::string identity_of(ngx_http_request_t* r, const LocationConf& conf,
                        std::string_view user)
{
    std::string_view identity = user;
    ngx_str_t value = ngx_null_string;
    if (conf.identity != nullptr) {
        if (ngx_http_complex_value(r, conf.identity, &value) != NGX_OK) {
            return {};
        }
        identity = view(value);
    }
    if (identity.size() > kMaxIdentityBytes || !is_utf8(identity)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "ws_pubsub: the identity is longer than %uz bytes, or "
                      "not UTF-8: the session has none",
                      kMaxIdentityBytes);
        return {};
    }
    return std::string(identity);
}

Allowed with(const Allowed& allowed, std::vector<Selector> granted)
{
    if (granted.empty()) {
        return allowed;
    }
    if (allowed != nullptr) {
        granted.insert(granted.end(), allowed->begin(), allowed->end());
    }
    return std::make_shared<const std::vector<Selector>>(std::move(granted));
}

// Adds what the token grants, where the rules have a claim for that.
void add_grants(ngx_http_request_t* r, const TokenRules& rules,
                const json_t* claims, Permissions& permissions)
{
    if (rules.grants == nullptr || rules.grants->empty()) {
        return;
    }
    auto grants = grants_of(claims, *rules.grants);
    if (!grants) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "ws_pubsub: the token's grants in \"%s\" are malformed, "
                      "reserved or too many: they allow nothing",
                      rules.grants->c_str());
        return;
    }
    permissions.subscribe =
        with(permissions.subscribe, std::move(grants->subscribe));
    permissions.publish = with(permissions.publish, std::move(grants->publish));
}

// Adds what the token says.
void add_claims(ngx_http_request_t* r, const LocationConf& conf,
                const RequestToken& token, Rights& rights)
{
    if (token.claims.empty()) {
        return;
    }
    json_error_t error;
    const JsonValue claims = parse_json(token.claims, 0, error);
    add_grants(r, conf.token, claims.get(), rights.permissions);
    rights.expires_ms = token.expires_ms;
    rights.end_s = conf.token.end_s(token.expires_ms);
    if (conf.token.keys != nullptr) {
        rights.user = token.user;
        rights.mark = mark_of(claims.get());
    }
}

} // namespace

Rights rights_of(ngx_http_request_t* r, const LocationConf& conf)
{
    Rights rights;
    rights.permissions =
        evaluate_permissions(r, conf.allow_subscribe, conf.allow_publish);
    if (const RequestToken* token = token_at(r, conf)) {
        add_claims(r, conf, *token, rights);
    }
    rights.identity = identity_of(r, conf, rights.user.value_or(""));
    if (conf.session.client.hooks.has_any()) {
        if (RequestToken* known = make_token(r)) {
            known->identity = rights.identity; // as hooks are told
        }
    }
    return rights;
}

} // namespace ws_pubsub
