// A place in a log as text: "1700000000000-0".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "topics/replica_book.hpp"

namespace ws_pubsub {

std::string text_of(const LogId& id);
std::optional<LogId> parse_log_id(std::string_view text);

} // namespace ws_pubsub
