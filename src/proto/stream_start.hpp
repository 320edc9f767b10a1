// Where a stream is to begin, as its client says it.
#pragma once

#include <optional>
#include <string_view>

#include "base/cursor.hpp"
#include "topics/kept_messages.hpp"

namespace ws_pubsub {

struct StreamStart {
    ReadFrom from;
    std::optional<Cursor> since;
};

// A cursor, `new`, or `last:n`. nullopt: it is none of these.
[[nodiscard]] std::optional<StreamStart> parse_since(std::string_view text);
// What a client that comes back has got last. What is none of ours is of some
// other server: the stream begins anew, since a browser would never come again
// after an error.
[[nodiscard]] StreamStart parse_last_event_id(std::string_view text);

} // namespace ws_pubsub
