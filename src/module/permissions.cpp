#include "ngx/ngx.hpp"

#include "module/permissions.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "json/text.hpp"
#include "module/query_variables.hpp"
#include "ngx/log.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

// Of variables' names.
constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

size_t count(std::string_view text, char c)
{
    return static_cast<size_t>(std::count(text.begin(), text.end(), c));
}

// `$name` or `${name}` and nothing else.
bool is_one_variable(std::string_view text)
{
    if (!text.starts_with('$') || text.size() < 2) {
        return false;
    }
    text.remove_prefix(1);
    if (text.starts_with('{') && text.ends_with('}')) {
        text = text.substr(1, text.size() - 2);
    }
    return text.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

// The text with an `x` for each variable.
std::string with_stand_ins(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        const bool braced = text.starts_with("${");
        const bool variable = text.starts_with('$');
        out += variable ? 'x' : text.front();
        text.remove_prefix(1);
        const size_t end =
            !variable ? 0
            : braced  ? text.find('}') + 1
                      : std::min(text.find_first_not_of(kNameCharacters),
                                 text.size());
        text.remove_prefix(std::min(end, text.size()));
    }
    return out;
}

// Whether the argument can be a selector at all.
bool check_variables(ngx_conf_t* cf, const ngx_str_t& directive,
                     const ngx_str_t& argument)
{
    if (is_one_variable(view(argument)) ||
        Selector::parse(with_stand_ins(view(argument)))) {
        return true;
    }
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid selector \"%V\" in \"%V\": a wildcard is a "
                       "segment of its own, \"**\" the last one, and no "
                       "segment is empty",
                       &argument, &directive);
    return false;
}

// The argument as the configuration has it: its value may be a secret.
void log_useless(ngx_http_request_t* r, std::string_view argument)
{
    log_info(r->connection->log, [&] {
        std::string text;
        append_json_string(text, argument);
        return text + " allows nothing here";
    });
}

} // namespace

bool SelectorRules::read(ngx_conf_t* cf, const ngx_str_t& directive,
                         const ngx_str_t* arguments, size_t count)
{
    if (count == 1 && view(arguments[0]) == "off") {
        return true;
    }
    // "off" is no topic here, not even beside others.
    if (!std::all_of(arguments, arguments + count,
                     [&](const ngx_str_t& argument) {
                         return read_one(cf, directive, argument);
                     })) {
        return false;
    }
    std::vector<Selector> fixed;
    for (const Rule& rule : rules_) {
        if (!rule.fixed) {
            return true;
        }
        fixed.push_back(*rule.fixed);
    }
    fixed_ = std::make_shared<const std::vector<Selector>>(std::move(fixed));
    return true;
}

bool SelectorRules::read_one(ngx_conf_t* cf, const ngx_str_t& directive,
                             const ngx_str_t& argument)
{
    ngx_str_t text = with_decoded_arguments(cf->pool, argument);
    if (text.data == nullptr) {
        return false;
    }
    Rule rule;
    ngx_http_compile_complex_value_t compile{};
    compile.cf = cf;
    compile.value = &text;
    compile.complex_value = &rule.value;
    // `$` begins variables; the module's own topics, which begin with it
    // too, are written with two.
    const bool own_topics = view(argument).starts_with("$$");
    if (!own_topics && ngx_http_script_variables_count(&text) > 0) {
        if (ngx_http_compile_complex_value(&compile) != NGX_OK ||
            !check_variables(cf, directive, argument)) {
            return false;
        }
        rule.any_selector = is_one_variable(view(argument));
        rule.slashes = count(view(argument), '/');
        rule.stars = count(view(argument), '*');
    } else {
        rule.fixed = Selector::parse(view(argument).substr(own_topics ? 1 : 0));
        if (!rule.fixed || view(argument) == "off") {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid selector \"%V\" in \"%V\"", &argument,
                               &directive);
            return false;
        }
    }
    rules_.push_back(std::move(rule));
    return true;
}

Allowed SelectorRules::evaluate(ngx_http_request_t* r) const
{
    if (fixed_ != nullptr) {
        return fixed_;
    }
    std::vector<Selector> out;
    for (const Rule& rule : rules_) {
        if (rule.fixed) {
            out.push_back(*rule.fixed);
            continue;
        }
        ngx_str_t value;
        auto* complex = const_cast<ngx_http_complex_value_t*>(&rule.value);
        if (ngx_http_complex_value(r, complex, &value) != NGX_OK) {
            continue;
        }
        const bool widened =
            !rule.any_selector &&
            (count(view(value), '/') != rule.slashes ||
             count(view(value), '*') != rule.stars || is_reserved(view(value)));
        const auto selector = Selector::parse(view(value));
        if (widened || !selector) {
            log_useless(r, view(rule.value.value));
            continue;
        }
        out.push_back(*selector);
    }
    return out.empty()
               ? nullptr
               : std::make_shared<const std::vector<Selector>>(std::move(out));
}

Permissions evaluate_permissions(ngx_http_request_t* r,
                                 const SelectorRules* subscribe,
                                 const SelectorRules* publish)
{
    return {subscribe != nullptr ? subscribe->evaluate(r) : nullptr,
            publish != nullptr ? publish->evaluate(r) : nullptr};
}

} // namespace ws_pubsub
