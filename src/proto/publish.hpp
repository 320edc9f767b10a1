// What a publish says, and what it is answered.
#pragma once

#include <string>
#include <string_view>

#include "client/hooks.hpp"
#include "client/publish.hpp"
#include "proto/command.hpp"

namespace ws_pubsub {

// REQUIRES: the command is a publish. `instead`: its payload, in place of its
// own; null: none. Both live as long.
PublishRequest publish_request(const Command& command,
                               const Verdict::Payload* instead = nullptr);
// A message with the payload that a hook has given it.
void replace_payload(PublishRequest& request, const Verdict::Payload& payload);

// Appends {"topic","epoch","seq","subscribers"}.
void append_publish_answer(std::string& out, std::string_view topic,
                           const ChangeAnswer& answer);

} // namespace ws_pubsub
