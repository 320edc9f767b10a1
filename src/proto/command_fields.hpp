// Reading the fields of commands out of their JSON objects.
#pragma once

#include <optional>
#include <string_view>

#include "json/value.hpp"
#include "proto/command.hpp"

namespace ws_pubsub {

// What is wrong with a command.
using Problem = std::optional<Error>;

inline Problem bad(std::string_view message)
{
    return Error{Errc::bad_request, message};
}

Problem read_topic(const json_t* object, bool selector, Command& command);

// The ticket that it comes with, if any.
Problem read_ticket(const json_t* object, Command& command);

// The token of auth, or a topic and its ticket.
Problem read_auth(const json_t* object, Command& command);

// {"epoch","seq"}
std::optional<Position> read_position(const json_t* value);

// What a publish says. `text` is that of the object.
Problem read_publish(const json_t* object, std::string_view text,
                     Command& command);

} // namespace ws_pubsub
