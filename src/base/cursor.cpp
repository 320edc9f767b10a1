#include "base/cursor.hpp"

#include "base/position_text.hpp"

namespace ws_pubsub {

std::string cursor_text(const Cursor& cursor)
{
    return position_text({cursor.zone, cursor.number});
}

std::optional<Cursor> parse_cursor(std::string_view text)
{
    const auto parts = parse_position(text);
    return parts ? std::optional(Cursor{parts->epoch, parts->seq})
                 : std::nullopt;
}

} // namespace ws_pubsub
