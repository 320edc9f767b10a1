// What a location that is a hook is told of what it decides: $ws_pubsub_op and
// $ws_pubsub_topic.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// False: no memory.
bool add_hook_variables(ngx_conf_t* cf);

} // namespace ws_pubsub
