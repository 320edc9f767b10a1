// ws_pubsub_events and ws_pubsub_events_request: what is told of a zone, and
// where it is posted.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

char* set_events(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_events_request(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
