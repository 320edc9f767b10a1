// $ws_pubsub_user, $ws_pubsub_claim_NAME, $ws_pubsub_token_error and
// $ws_pubsub_session: who a request, and the session that comes of it, is.
#pragma once

#include "ngx/ngx.hpp"

namespace ws_pubsub {

// False: the error was logged.
bool add_token_variables(ngx_conf_t* cf);

} // namespace ws_pubsub
