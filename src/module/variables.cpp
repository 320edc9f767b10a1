#include "ngx/ngx.hpp"

#include "module/variables.hpp"

#include <string>

#include "module/config.hpp"
#include "module/hook_variables.hpp"
#include "module/query_variables.hpp"
#include "module/token_variables.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "ngx/variable.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

using Getter = std::string (*)(Connection& session);

// The session of a request; nullptr where it has none.
Connection* session_of(ngx_http_request_t* r)
{
    return location_conf(r).role == Role::websocket ? Connection::of(r)
                                                    : nullptr;
}

ngx_int_t get(ngx_http_request_t* r, ngx_http_variable_value_t* value,
              uintptr_t getter)
{
    return guarded(
        [&] {
            value->not_found = 1;
            Connection* session = session_of(r);
            if (session == nullptr) {
                return ngx_int_t{NGX_OK};
            }
            return set_variable(r, value,
                                reinterpret_cast<Getter>(getter)(*session));
        },
        ngx_int_t{NGX_ERROR});
}

std::string protocol(Connection& session)
{
    return std::string(session.protocol_name());
}
std::string topics(Connection& session)
{
    return std::to_string(session.subscriptions());
}
std::string messages_in(Connection& session)
{
    return std::to_string(session.counters().messages_in);
}
std::string messages_out(Connection& session)
{
    return std::to_string(session.counters().messages_out);
}
std::string close_code(Connection& session)
{
    return std::to_string(session.close_code());
}
std::string dropped(Connection& session)
{
    return std::to_string(session.counters().dropped);
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
