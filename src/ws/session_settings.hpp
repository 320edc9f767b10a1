// What WebSocket sessions have in common.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "client/client.hpp"
#include "proto/protocol.hpp"
#include "wire/frame_writer.hpp"
#include "ws/keepalive.hpp"

namespace ws_pubsub {

// Of a time: it never ends.
inline constexpr int64_t kNoLimit = INT64_MAX;

class FlushList;
class LwsPool;

// Those of a location; its configuration holds it.
struct SessionSettings {
    const ProtocolKind* protocol = nullptr;
    std::string_view endpoint; // the location's name
    ClientSettings client;
    KeepaliveTimes keepalive;
    uint64_t max_connections = 0;                          // 0: no limit
    int64_t message_timeout_ms = kDefaultMessageTimeoutMs; // 0: no limit
    bool log_at_connect = false;
};

// Those of a worker.
struct SharedParts {
    LwsPool& lws;
    FrameWriter& writer;
    FlushList& flushes;
    const Clock& clock;
};

} // namespace ws_pubsub
