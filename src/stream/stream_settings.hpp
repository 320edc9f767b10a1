// What streams have in common.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "client/client.hpp"
#include "proto/stream_dialects.hpp"

namespace ws_pubsub {

class StreamList;

// Those of a location; its configuration holds it.
struct StreamSettings {
    const ClientSettings* client = nullptr;
    std::string_view endpoint;    // the location's name
    int64_t sign_of_life_ms = 0;  // 0: there is none
    uint64_t max_connections = 0; // 0: no limit
    bool log_at_connect = false;
};

// Those of a worker.
struct StreamParts {
    StreamDialects& dialects;
    StreamList& list;
    const Clock& clock;
};

} // namespace ws_pubsub
