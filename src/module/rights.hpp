// What a session may do, who it is, and until when: as the configuration and
// the request's token say.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

#include "client/authority.hpp"
#include "module/config.hpp"

namespace ws_pubsub {

// At the location of that configuration. The token is the one that the request
// has there.
Rights rights_of(ngx_http_request_t* r, const LocationConf& conf);

} // namespace ws_pubsub
