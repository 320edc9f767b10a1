// JSON without the blanks between its tokens.
#pragma once

#include <string>
#include <string_view>

namespace ws_pubsub {

// Appends the JSON text without insignificant blanks; strings and numbers stay
// byte for byte. REQUIRES: `json` is valid JSON.
void append_compact_json(std::string& out, std::string_view json);

} // namespace ws_pubsub
