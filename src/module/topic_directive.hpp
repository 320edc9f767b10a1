// ws_pubsub_topic: the policy of topics.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// The directive's handler; `conf` is the MainConf.
char* set_topic(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
