// ws_pubsub_cluster: which zones several hosts have in common.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// The directive's handler; `conf` is the MainConf.
char* set_cluster(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
