// Positions as clients write and read them: "epoch.seq", the epoch in base 36.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/message.hpp"

namespace ws_pubsub {

std::string epoch_text(uint64_t epoch);
std::optional<uint64_t> parse_epoch(std::string_view text);

std::string position_text(const Position& position);
std::optional<Position> parse_position(std::string_view text);

// A whole decimal number that fits; no sign, no blanks.
std::optional<uint64_t> parse_number(std::string_view text);

} // namespace ws_pubsub
