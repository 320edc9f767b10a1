#include "proto/stream_start.hpp"

#include <algorithm>

#include "base/position_text.hpp"

namespace ws_pubsub {

std::optional<StreamStart> parse_since(std::string_view text)
{
    constexpr std::string_view kLast = "last:";
    StreamStart start;
    if (text == "new") {
        start.from.kind = ReadFrom::Kind::nothing;
        return start;
    }
    if (text.starts_with(kLast)) {
        const auto last = parse_number(text.substr(kLast.size()));
        if (!last) {
            return std::nullopt;
        }
        start.from.kind = ReadFrom::Kind::last;
        start.from.last =
            static_cast<uint32_t>(std::min<uint64_t>(*last, UINT32_MAX));
        return start;
    }
    start.since = parse_cursor(text);
    return start.since ? std::optional(start) : std::nullopt;
}

StreamStart parse_last_event_id(std::string_view text)
{
    StreamStart start;
    start.since = parse_cursor(text).value_or(Cursor{});
    return start;
}

} // namespace ws_pubsub
