// Where a stream is to begin: what is a cursor is written as it is read, and
// what comes in a header is always something to begin from.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "proto/stream_start.hpp"

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using ws_pubsub::Cursor;
    using ws_pubsub::ReadFrom;
    const std::vector<char> copy(data, data + size);
    const std::string_view text(copy.data(), copy.size());

    const auto cursor = ws_pubsub::parse_cursor(text);
    if (cursor) {
        require(cursor->zone != 0);
        require(ws_pubsub::parse_cursor(ws_pubsub::cursor_text(*cursor)) ==
                cursor);
    }
    const auto start = ws_pubsub::parse_since(text);
    require(!start || start->since == cursor);
    require(!cursor || start);
    require(!start || start->since ||
            start->from.kind == ReadFrom::Kind::nothing ||
            start->from.kind == ReadFrom::Kind::last);
    require(ws_pubsub::parse_last_event_id(text).since ==
            cursor.value_or(Cursor{}));
    return 0;
}
