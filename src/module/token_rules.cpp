#include "ngx/ngx.hpp"

#include "module/token_rules.hpp"

#include <algorithm>
#include <optional>

#include "base/limits.hpp"
#include "client/hook_call.hpp"
#include "module/arguments.hpp"
#include "module/config.hpp"
#include "module/own_uri.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kJwks = "jwks";

TokenRules& rules_of(void* conf)
{
    return static_cast<LocationConf*>(conf)->token;
}

MainConf& main_conf(ngx_conf_t* cf)
{
    return *static_cast<MainConf*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_ws_pubsub_module));
}

template <class T>
T* make(ngx_conf_t* cf, const T*& place)
{
    T* made = make_in_pool<T>(cf->pool);
    place = made;
    return made;
}

char* duplicate()
{
    return const_cast<char*>("is duplicate");
}

// False: some name is empty.
bool split_names(std::string_view text, std::vector<std::string>& out)
{
    for (;;) {
        const size_t comma = text.find(',');
        out.emplace_back(text.substr(0, comma));
        if (out.back().empty()) {
            return false;
        }
        if (comma == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(comma + 1);
    }
}

bool read_check(const ngx_str_t& argument, ClaimChecks& checks)
{
    if (const auto issuer = value_of(argument, "iss")) {
        const bool first = checks.issuer.empty();
        checks.issuer = *issuer;
        return first && !issuer->empty();
    }
    if (const auto audience = value_of(argument, "aud")) {
        checks.audiences.emplace_back(*audience);
        return !audience->empty();
    }
    if (const auto names = value_of(argument, "require")) {
        return split_names(*names, checks.required);
    }
    const auto leeway = value_of(argument, "leeway");
    const auto age = value_of(argument, "max_age");
    const auto seconds =
        leeway || age ? parse_time(leeway ? *leeway : *age, TimeUnit::seconds)
                      : std::nullopt;
    if (!seconds || (age && *seconds == 0)) {
        return false;
    }
    (leeway ? checks.leeway_s : checks.max_age_s) = *seconds;
    return true;
}

} // namespace

void TokenRules::merge(const TokenRules& outer)
{
    const bool wants_tokens = keys != nullptr; // whatever an outer level says
    if (!wants_tokens) {
        keys = outer.keys;
    }
    if (ticket_keys == nullptr) {
        ticket_keys = outer.ticket_keys;
    }
    if (from == nullptr) {
        from = outer.from;
    }
    if (checks == nullptr) {
        checks = outer.checks;
        zone = outer.zone;
    }
    if (grants == nullptr) {
        grants = outer.grants;
    }
    if (mode == TokenMode::unset &&
        !(wants_tokens && outer.mode == TokenMode::off)) {
        mode = outer.mode;
        first_s = outer.first_s;
    }
}

TokenMode TokenRules::mode_at(TokenPlace place) const
{
    if (mode == TokenMode::later && place != TokenPlace::endpoint) {
        return TokenMode::required;
    }
    if (mode != TokenMode::unset) {
        return mode;
    }
    return keys != nullptr && place != TokenPlace::elsewhere
               ? TokenMode::required
               : TokenMode::off;
}

Verified TokenRules::verify(std::string_view token, TokenKind kind,
                            ngx_log_t* log) const
{
    static const ClaimChecks none;
    const TokenKeys* known = kind == TokenKind::ticket && ticket_keys != nullptr
                                 ? ticket_keys
                                 : keys;
    if (known == nullptr) {
        return {TokenError::unknown_key, nullptr, {}};
    }
    return known->verify(token, kind, checks == nullptr ? none : *checks, log);
}

uint32_t TokenRules::end_s(std::optional<int64_t> expires_ms) const
{
    if (!expires_ms) {
        return 0;
    }
    const int64_t leeway_s = checks == nullptr ? 0 : checks->leeway_s;
    const int64_t end_s = (*expires_ms + kTokenGraceMs + 999) / 1000 + leeway_s;
    return end_s <= UINT32_MAX
               ? static_cast<uint32_t>(std::max<int64_t>(end_s, 1))
               : 0;
}

namespace {

// alg|jwks file|data:value
char* add_key(ngx_conf_t* cf, const TokenKeys*& place)
{
    const Arguments arguments(cf);
    return guarded(
        [&] {
            const std::string_view name = view(arguments[1]);
            const auto algorithm = find_algorithm(name);
            if (!algorithm && name != kJwks) {
                // not what is there instead: it may be the secret
                return const_cast<char*>(
                    "takes an algorithm or \"jwks\", then a file or "
                    "\"data:\" and the key");
            }
            auto* source = make_in_pool<TokenKeySource>(cf->pool, algorithm);
            auto* keys = place != nullptr ? const_cast<TokenKeys*>(place)
                                          : make(cf, place);
            if (source == nullptr || keys == nullptr ||
                !source->read(cf, arguments[2])) {
                return kConfError;
            }
            keys->add(source);
            main_conf(cf).key_sources.push_back(source);
            main_conf(cf).has_tokens = true;
            return static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

} // namespace

// ws_pubsub_token_key alg|jwks file|data:value
char* set_token_key(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    return add_key(cf, rules_of(conf).keys);
}

namespace {

char* add_set(ngx_conf_t* cf, const TokenKeys*& place, OwnUri uri,
              const KeySetClock::Times& times)
{
    auto* set = make_in_pool<KeySet>(cf->pool, std::move(uri), times);
    auto* keys =
        place != nullptr ? const_cast<TokenKeys*>(place) : make(cf, place);
    if (set == nullptr || keys == nullptr) {
        return kConfError;
    }
    keys->add(set);
    main_conf(cf).key_sets.push_back(set);
    main_conf(cf).has_tokens = true;
    return NGX_CONF_OK;
}

} // namespace

// ws_pubsub_token_jwks uri [interval=time] [stale=time]
char* set_token_jwks(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    const Arguments arguments(cf);
    return guarded(
        [&] {
            auto uri = parse_own_uri(arguments[1]);
            if (!uri) {
                return invalid(cf, arguments[1]);
            }
            KeySetClock::Times times{kDefaultKeySetIntervalMs,
                                     kDefaultKeySetStaleMs};
            for (size_t i = 2; i < arguments.count; i++) {
                const auto interval = value_of(arguments[i], "interval");
                const auto stale = value_of(arguments[i], "stale");
                const auto ms =
                    interval || stale
                        ? parse_some_ms(interval ? *interval : *stale,
                                        kMostKeySetTimeMs)
                        : std::nullopt;
                if (!ms) {
                    return invalid(cf, arguments[i]);
                }
                (interval ? times.interval_ms : times.stale_ms) = *ms;
            }
            if (times.stale_ms < times.interval_ms) {
                return const_cast<char*>(
                    "takes no \"stale=\" that is shorter than its "
                    "\"interval=\"");
            }
            return add_set(cf, rules_of(conf).keys, std::move(*uri), times);
        },
        kConfError);
}

// ws_pubsub_subscription_token_key alg|jwks file|data:value
char* set_ticket_key(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    return add_key(cf, rules_of(conf).ticket_keys);
}

// ws_pubsub_token_from value…
char* set_token_from(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    TokenRules& rules = rules_of(conf);
    if (rules.from != nullptr) {
        return duplicate();
    }
    const Arguments arguments(cf);
    return guarded(
        [&] {
            auto* values = make(cf, rules.from);
            for (size_t i = 1; values != nullptr && i < arguments.count; i++) {
                ngx_str_t text = arguments[i];
                ngx_http_compile_complex_value_t compile{};
                compile.cf = cf;
                compile.value = &text;
                compile.complex_value = &values->emplace_back();
                if (ngx_http_compile_complex_value(&compile) != NGX_OK) {
                    return kConfError;
                }
            }
            return values == nullptr ? kConfError
                                     : static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

// ws_pubsub_token required | optional | later [first=time] | off
char* set_token_mode(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    TokenRules& rules = rules_of(conf);
    if (rules.mode != TokenMode::unset) {
        return duplicate();
    }
    const Arguments arguments(cf);
    const std::string_view word = view(arguments[1]);
    rules.mode = word == "required"   ? TokenMode::required
                 : word == "optional" ? TokenMode::optional
                 : word == "later"    ? TokenMode::later
                 : word == "off"      ? TokenMode::off
                                      : TokenMode::unset;
    main_conf(cf).has_tokens = true;
    if (rules.mode == TokenMode::unset) {
        return invalid(cf, arguments[1]);
    }
    rules.first_s = kDefaultFirstTokenMs / 1000;
    if (arguments.count > 2) {
        const auto first = value_of(arguments[2], "first");
        const auto seconds =
            first ? parse_time(*first, TimeUnit::seconds) : std::nullopt;
        if (!seconds || *seconds == 0 || *seconds > kMostFirstTokenMs / 1000 ||
            rules.mode != TokenMode::later) {
            return invalid(cf, arguments[2]);
        }
        rules.first_s = *seconds;
    }
    return NGX_CONF_OK;
}

// ws_pubsub_token_check [iss=v] [aud=v] [leeway=time] [max_age=time]
//                       [require=claim,…] [zone=name]
char* set_token_check(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    TokenRules& rules = rules_of(conf);
    if (rules.checks != nullptr) {
        return duplicate();
    }
    const Arguments arguments(cf);
    return guarded(
        [&] {
            auto* checks = make(cf, rules.checks);
            if (checks == nullptr) {
                return kConfError;
            }
            for (size_t i = 1; i < arguments.count; i++) {
                const auto name = value_of(arguments[i], "zone");
                if (name && !name->empty() && rules.zone == nullptr) {
                    rules.zone = &main_conf(cf).zone(*name);
                } else if (!read_check(arguments[i], *checks)) {
                    return invalid(cf, arguments[i]);
                }
            }
            return static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

// ws_pubsub_token_grants claim | off
char* set_token_grants(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    TokenRules& rules = rules_of(conf);
    if (rules.grants != nullptr) {
        return duplicate();
    }
    const Arguments arguments(cf);
    return guarded(
        [&] {
            auto* claim = make(cf, rules.grants);
            if (claim == nullptr) {
                return kConfError;
            }
            if (view(arguments[1]) != "off") {
                *claim = view(arguments[1]);
            }
            return static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

} // namespace ws_pubsub
