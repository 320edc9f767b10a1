// Media types (RFC 9110 section 8.3.1), as Content-Type has them.
#pragma once

#include <string_view>

namespace ws_pubsub {

// The type itself, without its parameters.
[[nodiscard]] std::string_view media_type(std::string_view content_type);

// Whether what comes with that type is JSON; also that of a patch.
[[nodiscard]] bool is_json_type(std::string_view content_type);

// text/…, whatever it is.
[[nodiscard]] bool is_text_type(std::string_view content_type);

[[nodiscard]] bool has_control_character(std::string_view content_type);

} // namespace ws_pubsub
