// What a publish says, and what it is answered.
#pragma once

#include <string>
#include <string_view>

#include "client/publish.hpp"
#include "proto/command.hpp"

namespace ws_pubsub {

// REQUIRES: the command is a publish, and lives as long.
PublishRequest publish_request(const Command& command);

// Appends {"topic","epoch","seq","subscribers"}.
void append_publish_answer(std::string& out, std::string_view topic,
                           const ChangeAnswer& answer);

} // namespace ws_pubsub
