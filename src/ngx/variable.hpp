// The values of nginx's variables.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "ngx/text.hpp"

namespace ws_pubsub {

// Gives a variable that text; to be returned from its handler.
inline ngx_int_t set_variable(ngx_http_request_t* r,
                              ngx_http_variable_value_t* value,
                              std::string_view text)
{
    const ngx_str_t copied = copy(r->pool, text);
    if (copied.data == nullptr) {
        return NGX_ERROR;
    }
    value->data = copied.data;
    value->len = static_cast<unsigned>(copied.len) & 0xfffffff;
    value->valid = 1;
    value->not_found = 0;
    return NGX_OK;
}

} // namespace ws_pubsub
