// RFC 8259 as a grammar: whether a text is JSON, not what it means.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ws_pubsub {

// Where the JSON value that `text` begins with ends. nullopt: it is malformed.
std::optional<size_t> json_end(std::string_view text);

} // namespace ws_pubsub
