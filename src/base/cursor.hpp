// A place in all topics of a zone at once: a reader has all messages up to that
// number, and none behind it.
//
// Clients write and read it as "zone.number", the zone in base 36.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ws_pubsub {

struct Cursor {
    uint64_t zone = 0;   // what the zone's numbers are told from others by
    uint64_t number = 0; // of a message; 0: before the first one

    bool operator==(const Cursor&) const = default;
};

[[nodiscard]] std::string cursor_text(const Cursor& cursor);
// nullopt: it is none.
[[nodiscard]] std::optional<Cursor> parse_cursor(std::string_view text);

} // namespace ws_pubsub
