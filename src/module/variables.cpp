#include "ngx/ngx.hpp"

#include "module/variables.hpp"

#include <optional>
#include <string>

#include "module/config.hpp"
#include "module/hook_variables.hpp"
#include "module/query_variables.hpp"
#include "module/stream_endpoint.hpp"
#include "module/token_variables.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "ngx/variable.hpp"
#include "stream/stream_session.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

// What is asked of a session, whatever it is.
template <class Visit>
std::optional<std::string> ask_session(ngx_http_request_t* r, Visit&& visit)
{
    const Role role = location_conf(r).role;
    if (Connection* session =
            role == Role::websocket ? Connection::of(r) : nullptr) {
        return visit(*session);
    }
    if (StreamSession* session = stream_session_of(r)) {
        return visit(*session);
    }
    return std::nullopt;
}

using Getter = std::optional<std::string> (*)(ngx_http_request_t* r);

ngx_int_t get(ngx_http_request_t* r, ngx_http_variable_value_t* value,
              uintptr_t getter)
{
    return guarded(
        [&] {
            value->not_found = 1;
            const auto text = reinterpret_cast<Getter>(getter)(r);
            return text ? set_variable(r, value, *text) : ngx_int_t{NGX_OK};
        },
        ngx_int_t{NGX_ERROR});
}

std::optional<std::string> protocol(ngx_http_request_t* r)
{
    return ask_session(
        r, [](auto& session) { return std::string(session.protocol_name()); });
}
std::optional<std::string> topics(ngx_http_request_t* r)
{
    return ask_session(r, [](auto& session) {
        return std::to_string(session.subscriptions());
    });
}
std::optional<std::string> messages_in(ngx_http_request_t* r)
{
    return ask_session(r, [](auto& session) {
        return std::to_string(session.counters().messages_in);
    });
}
std::optional<std::string> messages_out(ngx_http_request_t* r)
{
    return ask_session(r, [](auto& session) {
        return std::to_string(session.counters().messages_out);
    });
}
std::optional<std::string> close_code(ngx_http_request_t* r)
{
    return ask_session(
        r, [](auto& session) { return std::to_string(session.close_code()); });
}
std::optional<std::string> dropped(ngx_http_request_t* r)
{
    return ask_session(r, [](auto& session) {
        return std::to_string(session.counters().dropped);
    });
}

struct Variable {
    ngx_str_t name;
    Getter getter;
};

const Variable kVariables[] = {
    {ngx_string("ws_pubsub_protocol"), protocol},
    {ngx_string("ws_pubsub_topics"), topics},
    {ngx_string("ws_pubsub_messages_in"), messages_in},
    {ngx_string("ws_pubsub_messages_out"), messages_out},
    {ngx_string("ws_pubsub_close_code"), close_code},
    {ngx_string("ws_pubsub_dropped"), dropped},
};

} // namespace

bool add_variables(ngx_conf_t* cf)
{
    for (const Variable& variable : kVariables) {
        ngx_str_t name = variable.name;
        ngx_http_variable_t* added =
            ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (added == nullptr) {
            return false;
        }
        added->get_handler = get;
        added->data = reinterpret_cast<uintptr_t>(variable.getter);
    }
    return add_query_variables(cf) && add_token_variables(cf) &&
           add_hook_variables(cf);
}

} // namespace ws_pubsub
