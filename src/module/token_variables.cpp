#include "ngx/ngx.hpp"

#include "module/token_variables.hpp"

#include <string>

#include "json/value.hpp"
#include "module/tokens.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "ngx/variable.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kClaim = "ws_pubsub_claim_";

// An empty text is no value.
ngx_int_t set_value(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                    std::string_view text)
{
    value->not_found = 1;
    return text.empty() ? NGX_OK : set_variable(r, value, text);
}

using Getter = std::string (*)(const RequestToken& token);

std::string user(const RequestToken& token)
{
    return token.user;
}

std::string identity(const RequestToken& token)
{
    return token.identity;
}

std::string token_error(const RequestToken& token)
{
    return std::string(token.looked_at ? name_of(token.error)
                                       : std::string_view{});
}

ngx_int_t get(ngx_http_request_t* r, ngx_http_variable_value_t* value,
              uintptr_t getter)
{
    return guarded(
        [&] {
            const RequestToken* token = token_here(r);
            return set_value(r, value,
                             token == nullptr
                                 ? std::string()
                                 : reinterpret_cast<Getter>(getter)(*token));
        },
        ngx_int_t{NGX_ERROR});
}

// `data` is the variable's name.
ngx_int_t get_claim(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                    uintptr_t data)
{
    return guarded(
        [&] {
            std::string_view name =
                view(*reinterpret_cast<const ngx_str_t*>(data));
            name.remove_prefix(kClaim.size());
            const RequestToken* token = token_here(r);
            if (token == nullptr || token->claims.empty()) {
                return set_value(r, value, {});
            }
            json_error_t error;
            const JsonValue claims = parse_json(token->claims, 0, error);
            return set_value(r, value,
                             claim_text(claims.get(), std::string(name)));
        },
        ngx_int_t{NGX_ERROR});
}

// Made when it is first asked for.
ngx_int_t get_session(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                      uintptr_t /*data*/)
{
    return guarded(
        [&] {
            RequestToken* token = make_token(r);
            if (token == nullptr) {
                return ngx_int_t{NGX_ERROR};
            }
            return set_value(r, value, session_id(r, *token));
        },
        ngx_int_t{NGX_ERROR});
}

struct Variable {
    ngx_str_t name;
    ngx_http_get_variable_pt get_handler;
    Getter getter;
    ngx_uint_t flags;
};

const Variable kVariables[] = {
    {ngx_string("ws_pubsub_user"), get, user, 0},
    {ngx_string("ws_pubsub_identity"), get, identity, 0},
    {ngx_string("ws_pubsub_token_error"), get, token_error, 0},
    {ngx_string("ws_pubsub_session"), get_session, nullptr, 0},
    {ngx_string("ws_pubsub_claim_"), get_claim, nullptr, NGX_HTTP_VAR_PREFIX},
};

} // namespace

bool add_token_variables(ngx_conf_t* cf)
{
    for (const Variable& variable : kVariables) {
        // nginx writes the names of prefixes in lower case, into the text
        ngx_str_t name = copy(cf->pool, view(variable.name));
        ngx_http_variable_t* added =
            name.data == nullptr
                ? nullptr
                : ngx_http_add_variable(
                      cf, &name, NGX_HTTP_VAR_NOCACHEABLE | variable.flags);
        if (added == nullptr) {
            return false;
        }
        added->get_handler = variable.get_handler;
        if (variable.getter != nullptr) {
            added->data = reinterpret_cast<uintptr_t>(variable.getter);
        }
    }
    return true;
}

} // namespace ws_pubsub
