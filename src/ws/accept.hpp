// From an upgrade that was found good to its session.
#pragma once

#include "ngx/ngx.hpp"

#include "ws/connection.hpp"

namespace ws_pubsub {

// Answers an upgrade that check_upgrade() found good; its connection has a
// session from here on. `registry`, `shared` and `settings` outlive it. To be
// returned from the content handler.
ngx_int_t accept_upgrade(ngx_http_request_t* r, Registry& registry,
                         const SharedParts& shared,
                         const SessionSettings& settings,
                         SessionOptions options, const Upgrade& upgrade);

} // namespace ws_pubsub
