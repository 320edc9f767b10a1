#include "ngx/ngx.hpp"

#include "module/hook_rules.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "module/arguments.hpp"
#include "module/config.hpp"
#include "module/query_variables.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

HookDirectives& hooks_of(void* conf)
{
    return static_cast<LocationConf*>(conf)->hooks;
}

char* duplicate()
{
    return const_cast<char*>("is duplicate");
}

bool compile(ngx_conf_t* cf, ngx_str_t text, ngx_http_complex_value_t& out)
{
    ngx_http_compile_complex_value_t compile{};
    compile.cf = cf;
    compile.value = &text;
    compile.complex_value = &out;
    return text.data != nullptr &&
           ngx_http_compile_complex_value(&compile) == NGX_OK;
}

// A `?` ends the path where the configuration has it, not in what variables
// bring. As the path is not encoded, neither are arguments within it.
bool read_uri(ngx_conf_t* cf, std::string_view uri, HookTarget& target)
{
    const size_t mark = std::min(uri.find('?'), uri.size());
    const ngx_str_t path = copy(cf->pool, uri.substr(0, mark));
    const std::string_view rest = uri.substr(std::min(mark + 1, uri.size()));
    return path.data != nullptr &&
           compile(cf, with_decoded_arguments(cf->pool, path), target.path) &&
           compile(cf, copy(cf->pool, rest), target.arguments);
}

// One of what follows the URI.
bool read_option(const ngx_str_t& argument, bool may_ask_again,
                 HookTarget& target)
{
    if (view(argument) == "always" && target.mode != HookRules::Mode::always) {
        target.mode = HookRules::Mode::always;
        return true;
    }
    const auto again = value_of(argument, "again");
    const auto ms =
        again ? parse_some_ms(*again, kMaxPolicyTimeMs) : std::nullopt;
    if (!ms || !may_ask_again || target.again_ms != 0) {
        return false;
    }
    target.again_ms = *ms;
    return true;
}

// uri [always] [again=time] | off
char* set_target(ngx_conf_t* cf, const HookTarget*& place, bool may_ask_again)
{
    if (place != nullptr) {
        return duplicate();
    }
    const Arguments arguments(cf);
    auto* target = make_in_pool<HookTarget>(cf->pool);
    place = target;
    if (target == nullptr) {
        return kConfError;
    }
    const std::string_view uri = view(arguments[1]);
    if (uri == "off" && arguments.count == 2) {
        return NGX_CONF_OK;
    }
    if (!uri.starts_with('/') && !uri.starts_with('$')) {
        return invalid(cf, arguments[1]);
    }
    target->mode = HookRules::Mode::needed;
    for (size_t i = 2; i < arguments.count; i++) {
        if (!read_option(arguments[i], may_ask_again, *target)) {
            return invalid(cf, arguments[i]);
        }
    }
    return read_uri(cf, uri, *target) ? static_cast<char*>(NGX_CONF_OK)
                                      : kConfError;
}

// The index of `$name`; NGX_ERROR: it is something else.
ngx_int_t index_of(ngx_conf_t* cf, std::string_view text)
{
    if (!text.starts_with('$')) {
        return NGX_ERROR;
    }
    text.remove_prefix(1);
    const auto is_digit = [](char c) {
        return c >= '0' && c <= '9';
    };
    const bool is_name = !text.empty() && !is_digit(text.front()) &&
                         std::all_of(text.begin(), text.end(), [&](char c) {
                             return is_digit(c) || (c >= 'a' && c <= 'z') ||
                                    (c >= 'A' && c <= 'Z') || c == '_';
                         });
    ngx_str_t name = is_name ? copy(cf->pool, text) : ngx_str_t{};
    return name.data == nullptr ? ngx_int_t{NGX_ERROR}
                                : ngx_http_get_variable_index(cf, &name);
}

} // namespace

void HookDirectives::merge(const HookDirectives& outer)
{
    if (subscribe == nullptr) {
        subscribe = outer.subscribe;
    }
    if (publish == nullptr) {
        publish = outer.publish;
    }
    if (pass == nullptr) {
        pass = outer.pass;
    }
    ngx_conf_merge_msec_value(timeout, outer.timeout,
                              static_cast<ngx_msec_t>(kDefaultHookTimeoutMs));
    ngx_conf_merge_uint_value(pending, outer.pending, kDefaultHookPending);
}

HookRules HookDirectives::rules() const
{
    HookRules rules;
    if (subscribe != nullptr) {
        rules.subscribe = subscribe->mode;
        rules.again_ms = subscribe->again_ms;
    }
    if (publish != nullptr) {
        rules.publish = publish->mode;
    }
    rules.max_pending = pending;
    return rules;
}

// ws_pubsub_subscribe_request uri [always] [again=time] | off
char* set_subscribe_request(ngx_conf_t* cf, ngx_command_t* /*command*/,
                            void* conf)
{
    return guarded(
        [&] { return set_target(cf, hooks_of(conf).subscribe, true); },
        kConfError);
}

// ws_pubsub_publish_request uri [always] | off
char* set_publish_request(ngx_conf_t* cf, ngx_command_t* /*command*/,
                          void* conf)
{
    return guarded(
        [&] { return set_target(cf, hooks_of(conf).publish, false); },
        kConfError);
}

// ws_pubsub_hook_timeout time
char* set_hook_timeout(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    HookDirectives& hooks = hooks_of(conf);
    if (hooks.timeout != NGX_CONF_UNSET_MSEC) {
        return duplicate();
    }
    const Arguments arguments(cf);
    const auto ms = parse_some_ms(view(arguments[1]), kMaxPolicyTimeMs);
    if (!ms) {
        return invalid(cf, arguments[1]);
    }
    hooks.timeout = static_cast<ngx_msec_t>(*ms);
    return NGX_CONF_OK;
}

// ws_pubsub_hook_pending number
char* set_hook_pending(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    HookDirectives& hooks = hooks_of(conf);
    if (hooks.pending != NGX_CONF_UNSET_UINT) {
        return duplicate();
    }
    const Arguments arguments(cf);
    const auto number = parse_number(view(arguments[1]));
    if (!number || *number == 0 || *number > kMostHookPending) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no number from 1 to %uz", &arguments[1],
                           kMostHookPending);
        return kConfError;
    }
    hooks.pending = *number;
    return NGX_CONF_OK;
}

// ws_pubsub_hook_pass $name…
char* set_hook_pass(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    HookDirectives& hooks = hooks_of(conf);
    if (hooks.pass != nullptr) {
        return duplicate();
    }
    const Arguments arguments(cf);
    return guarded(
        [&] {
            auto* indexes = make_in_pool<std::vector<ngx_uint_t>>(cf->pool);
            hooks.pass = indexes;
            for (size_t i = 1; indexes != nullptr && i < arguments.count; i++) {
                const ngx_int_t index = index_of(cf, view(arguments[i]));
                if (index == NGX_ERROR) {
                    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                       "\"%V\" is no variable", &arguments[i]);
                    return kConfError;
                }
                indexes->push_back(static_cast<ngx_uint_t>(index));
            }
            return indexes == nullptr ? kConfError
                                      : static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

} // namespace ws_pubsub
