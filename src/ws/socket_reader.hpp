// What a peer has sent and nginx can give us.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <string_view>

namespace ws_pubsub {

struct SocketInput {
    enum class Kind : uint8_t { bytes, nothing, end, failure };
    Kind kind;
    std::string_view bytes; // valid until the next call, for any connection
};

// Reads once.
SocketInput read_socket(ngx_connection_t* c);

// Whether it is worth reading on. `on_write` is our handler of write events.
[[nodiscard]] bool has_input(const ngx_connection_t* c,
                             ngx_event_handler_pt on_write);

// The same; and also if it is in the kernel only, where the event that tells
// it may be behind that of a timer.
[[nodiscard]] bool may_have_input(const ngx_connection_t* c,
                                  ngx_event_handler_pt on_write);

} // namespace ws_pubsub
