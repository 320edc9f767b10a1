// Control of live sessions: lists them, closes them, ends subscriptions, and
// revokes tokens.
//
// docs/http.md describes it. Who may use it is up to nginx's access phases.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "http/control_waits.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

struct ControlEndpoint {
    Store& store;
    WorkerId worker;
    ControlWaits& waits; // of the zone
    int64_t keep_ms;     // how long revocations count
    const Clock& clock;
};

// Answers a request about what is named below the location. To be returned from
// a content handler; the endpoint is copied.
ngx_int_t handle_control(ngx_http_request_t* r, const ControlEndpoint& endpoint,
                         std::string_view path);

} // namespace ws_pubsub
