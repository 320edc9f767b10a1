// ws_pubsub_zone: the zones there are.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// The directive's handler; `conf` is the MainConf.
char* set_zone(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
