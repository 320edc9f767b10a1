// What a hook is told, as HTTP has it.
#pragma once

#include <string>
#include <string_view>

#include "client/hooks.hpp"

namespace ws_pubsub {

// op=…&topic=…&user=…&session=…
[[nodiscard]] std::string hook_arguments(const Question& question,
                                         std::string_view user,
                                         std::string_view session);

// Of the payload; empty: there is none.
[[nodiscard]] std::string_view hook_content_type(const Question& question);

// Whether a header of the upgrade is one of the hook's request, too: those are
// not that are about the connection, a body, or what the client has already.
[[nodiscard]] bool is_hook_header(std::string_view name);

// Whether a path, with nothing in it encoded, names what it seems to name.
[[nodiscard]] bool is_plain_path(std::string_view path);

// Arguments that may have come of variables: what would end them, or the line
// that they are in, is percent-encoded.
[[nodiscard]] std::string safe_arguments(std::string_view text);

} // namespace ws_pubsub
