// What a ws_pubsub_events_request says: to which location a zone's events are
// posted, and how many at a time.
#pragma once

#include "ngx/ngx.hpp"

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"
#include "module/own_server.hpp"
#include "module/own_uri.hpp"

namespace ws_pubsub {

struct EventRequest {
    OwnUri uri;
    OwnServer server;
    size_t batch = kDefaultEventBatch;
    int64_t delay_ms = kDefaultEventDelayMs;
};

} // namespace ws_pubsub
