// ws_pubsub_snapshot: the file in which a zone outlives nginx.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// The directive's handler; `conf` is the MainConf.
char* set_snapshot(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
