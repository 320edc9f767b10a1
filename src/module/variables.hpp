// $ws_pubsub_…: what a session was, for logs and maps.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// False: the error was logged.
bool add_variables(ngx_conf_t* cf);

} // namespace ws_pubsub
