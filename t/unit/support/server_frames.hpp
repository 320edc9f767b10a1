// Frames as a client receives them (RFC 6455 section 5.2, RFC 7692).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/ws_frame.hpp"

namespace ws_pubsub {

struct ServerFrame {
    Opcode opcode = Opcode::text;
    bool compressed = false;
    std::string payload; // inflated

    bool operator==(const ServerFrame&) const = default;
};

// All frames of `bytes`. Fails the test if they are not whole, final, unmasked
// frames in the shortest encoding.
std::vector<ServerFrame> parse_frames(std::string_view bytes);

// The message of a compressed payload; fails the test if it is none.
std::string inflate_message(std::string_view payload);

} // namespace ws_pubsub
