#include "ngx/ngx.hpp"

#include "module/tokens.hpp"

#include <algorithm>

#include "base/equal_fold.hpp"
#include "client/control_order.hpp"
#include "client/registry.hpp"
#include "module/config.hpp"
#include "module/own_request.hpp"
#include "module/token_check.hpp"
#include "ngx/guard.hpp"
#include "ngx/headers.hpp"
#include "ngx/log.hpp"
#include "ngx/text.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kScheme = "Bearer ";

uint64_t g_times_asked = 0;

TokenMode mode_of(const LocationConf& conf)
{
    return conf.token.mode_at(conf.place());
}

void on_pool_cleanup(void* data)
{
    static_cast<RequestToken*>(data)->~RequestToken();
}

std::string_view without_scheme(std::string_view text)
{
    if (equal_fold(text.substr(0, kScheme.size()), kScheme)) {
        text.remove_prefix(kScheme.size());
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    return text;
}

// Where nothing else is said: `$http_authorization $arg_token`.
std::string_view usual_text(ngx_http_request_t* r)
{
    const ngx_table_elt_t* header = find_header(r, "Authorization");
    if (header != nullptr && header->value.len > 0) {
        return view(header->value);
    }
    static u_char name[] = "token";
    ngx_str_t value;
    return ngx_http_arg(r, name, sizeof(name) - 1, &value) == NGX_OK
               ? view(value)
               : std::string_view{};
}

// The first value that is not empty. nullopt: no memory.
std::optional<std::string_view> text_of(ngx_http_request_t* r,
                                        const TokenRules& rules)
{
    if (rules.from == nullptr) {
        return without_scheme(usual_text(r));
    }
    for (const ngx_http_complex_value_t& value : *rules.from) {
        ngx_str_t text;
        auto* complex = const_cast<ngx_http_complex_value_t*>(&value);
        if (ngx_http_complex_value(r, complex, &text) != NGX_OK) {
            return std::nullopt;
        }
        if (text.len > 0) {
            return without_scheme(view(text));
        }
    }
    return std::string_view{};
}

// RFC 6750 section 3. Where auth_basic has asked for something else, too, both
// are told; what the page of an earlier refusal has asked for is told once.
bool ask_for_token(ngx_http_request_t* r, bool had_one)
{
    ngx_table_elt_t* earlier = r->headers_out.www_authenticate;
    if (earlier != nullptr && earlier->hash != 0 &&
        view(earlier->value).starts_with("Bearer")) {
        return true;
    }
    auto* header =
        static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) {
        return false;
    }
    *header = {};
    header->hash = 1;
    ngx_str_set(&header->key, "WWW-Authenticate");
    ngx_str_set(&header->value, "Bearer");
    if (had_one) {
        ngx_str_set(&header->value, "Bearer error=\"invalid_token\"");
    }
#if (nginx_version >= 1023000)
    header->next = earlier;
#else
    static_cast<void>(earlier);
#endif
    r->headers_out.www_authenticate = header;
    return true;
}

ngx_int_t refuse(ngx_http_request_t* r, TokenError error)
{
    log_info(r->connection->log, [&] {
        return error == TokenError::missing
                   ? std::string("a token is needed, and there is none")
                   : "the token is refused: " + std::string(name_of(error));
    });
    if (error == TokenError::no_keys) { // another token would not do, either
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    return ask_for_token(r, error != TokenError::missing)
               ? NGX_HTTP_UNAUTHORIZED
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

// A hook's request brings what its session has shown, be it in-band.
bool is_shown(ngx_http_request_t* r, const RequestToken& token,
              const TokenRules& rules)
{
    return OwnPeer::of(r) != nullptr && token.keys == rules.keys &&
           token.error == TokenError::none && !token.claims.empty();
}

// What brings the keys can't be checked by them.
bool is_for_keys(const ngx_http_request_t* r)
{
    const OwnRequest* own = OwnRequest::of(r);
    return own != nullptr && own->is_from_nobody();
}

ngx_int_t check(ngx_http_request_t* r)
{
    const LocationConf& conf = location_conf(r);
    const TokenMode mode = mode_of(conf);
    if (mode == TokenMode::off || is_for_keys(r)) {
        return NGX_DECLINED;
    }
    RequestToken* token = make_token(r);
    if (token == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (is_shown(r, *token, conf.token)) {
        return NGX_OK;
    }
    token->keys = conf.token.keys;
    token->looked_at = true;
    token->take({TokenError::missing, nullptr, {}});
    const auto text = text_of(r, conf.token);
    if (!text) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (text->empty()) {
        return mode == TokenMode::required ? refuse(r, TokenError::missing)
                                           : NGX_DECLINED;
    }
    token->take(
        verify_token_at(conf, *text, TokenKind::session, r->connection->log));
    return token->error == TokenError::none ? NGX_OK : refuse(r, token->error);
}

ngx_int_t on_access(ngx_http_request_t* r)
{
    return guarded([&] { return check(r); },
                   ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR});
}

} // namespace

// nginx runs the handlers of a phase from the last one that was added to the
// first.
bool add_token_phase(ngx_conf_t* cf)
{
    auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    ngx_array_t& handlers = core->phases[NGX_HTTP_ACCESS_PHASE].handlers;
    if (ngx_array_push(&handlers) == nullptr) {
        return false;
    }
    auto* first = static_cast<ngx_http_handler_pt*>(handlers.elts);
    std::copy_backward(first, first + handlers.nelts - 1,
                       first + handlers.nelts);
    *first = on_access;
    return true;
}

namespace {

// A module's context would be cleared by internal redirects, and is the
// session's. nullptr: the request has none.
RequestToken* token_of(ngx_http_request_t* r)
{
    for (ngx_pool_cleanup_t* cleanup = r->main->pool->cleanup;
         cleanup != nullptr; cleanup = cleanup->next) {
        if (cleanup->handler == on_pool_cleanup) {
            return static_cast<RequestToken*>(cleanup->data);
        }
    }
    return nullptr;
}

} // namespace

void RequestToken::take(const Verified& result)
{
    error = result.error;
    claims.clear();
    user.clear();
    expires_ms.reset();
    if (result.claims != nullptr) {
        claims = result.text;
        user = user_of(result.claims.get());
        expires_ms = expiry_of(result.claims.get());
    }
}

std::string_view session_id(ngx_http_request_t* r, RequestToken& token)
{
    if (token.session.empty()) {
        Connection* session = location_conf(r).role == Role::websocket
                                  ? Connection::of(r)
                                  : nullptr;
        const uint64_t id = session == nullptr ? 0 : session->id();
        token.session = session_id_text(id != 0 ? id : Registry::make_id());
    }
    return token.session;
}

uint64_t session_number(ngx_http_request_t* r)
{
    const RequestToken* token = token_of(r);
    return token == nullptr ? 0 : parse_session_id(token->session).value_or(0);
}

uint64_t times_asked()
{
    return g_times_asked;
}

const RequestToken* token_at(ngx_http_request_t* r, const LocationConf& conf)
{
    const RequestToken* token = token_of(r);
    const bool is_foreign = token != nullptr &&
                            token->keys != conf.token.keys &&
                            mode_of(conf) != TokenMode::off;
    return is_foreign ? nullptr : token;
}

const RequestToken* token_here(ngx_http_request_t* r)
{
    g_times_asked++;
    return token_at(r, location_conf(r));
}

std::optional<ngx_int_t> refuse_revoked(ngx_http_request_t* r,
                                        const LocationConf& conf,
                                        const Rights& rights)
{
    if (!rights.user) {
        return std::nullopt;
    }
    const TokenError error = recheck_token_at(conf, *rights.user, rights.mark);
    return error == TokenError::none ? std::nullopt
                                     : std::optional(refuse(r, error));
}

RequestToken* make_token(ngx_http_request_t* r)
{
    if (RequestToken* token = token_of(r)) {
        return token;
    }
    ngx_pool_cleanup_t* cleanup =
        ngx_pool_cleanup_add(r->main->pool, sizeof(RequestToken));
    if (cleanup == nullptr) {
        return nullptr;
    }
    auto* token = new (cleanup->data) RequestToken;
    cleanup->handler = on_pool_cleanup;
    return token;
}

} // namespace ws_pubsub
