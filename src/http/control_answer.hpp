// What requests of control are answered, by what the workers have said.
#pragma once

#include "ngx/ngx.hpp"

#include "client/control_tally.hpp"
#include "http/control_request.hpp"

namespace ws_pubsub {

// Returns what to finalize the request with.
ngx_int_t answer_control(ngx_http_request_t* r, const ControlTally& tally,
                         const ControlRequest& request);

} // namespace ws_pubsub
