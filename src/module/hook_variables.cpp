#include "ngx/ngx.hpp"

#include "module/hook_variables.hpp"

#include <string>

#include "module/own_request.hpp"
#include "ngx/guard.hpp"
#include "ngx/variable.hpp"

namespace ws_pubsub {

namespace {

// They never change. Of a request that is no hook's they are empty.
template <std::string OwnRequest::Subject::*text>
ngx_int_t get(ngx_http_request_t* r, ngx_http_variable_value_t* value,
              uintptr_t /*data*/)
{
    value->not_found = 1;
    const OwnRequest* hook = OwnRequest::of(r);
    return hook == nullptr ? ngx_int_t{NGX_OK}
                           : set_variable(r, value, hook->subject().*text);
}

bool add(ngx_conf_t* cf, ngx_str_t name, ngx_http_get_variable_pt handler)
{
    ngx_http_variable_t* added = ngx_http_add_variable(cf, &name, 0);
    if (added != nullptr) {
        added->get_handler = handler;
    }
    return added != nullptr;
}

} // namespace

bool add_hook_variables(ngx_conf_t* cf)
{
    return add(cf, ngx_string("ws_pubsub_op"), get<&OwnRequest::Subject::op>) &&
           add(cf, ngx_string("ws_pubsub_topic"),
               get<&OwnRequest::Subject::topic>);
}

} // namespace ws_pubsub
