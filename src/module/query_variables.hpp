// $arg_NAME in the module's own directives: the query's argument NAME, decoded.
//
// nginx gives the text as it stands in the URI, where é is %C3%A9. In a topic,
// a selector or an identity that would be another name than the one that the
// API and other clients use. So there $arg_NAME stands for
// $ws_pubsub_arg_NAME, a variable of ours, which may be used elsewhere, too.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// False: the error was logged.
bool add_query_variables(ngx_conf_t* cf);

// The text of a directive's argument, with our variables for nginx's; null
// data when there is no memory.
ngx_str_t with_decoded_arguments(ngx_pool_t* pool, const ngx_str_t& text);

} // namespace ws_pubsub
