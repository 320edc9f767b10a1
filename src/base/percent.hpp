// Percent-encoding (RFC 3986 section 2.1), as in the query of a URI.
#pragma once

#include <string>
#include <string_view>

namespace ws_pubsub {

// `text` with each %XX undone; `+` stays what it is. Where a `%` has no two hex
// digits behind it, the result is not UTF-8, so that it is refused like other
// text that is none.
[[nodiscard]] std::string percent_decoded(std::string_view text);

// `text` with all that is not unreserved (section 2.3) as %XX: one value of an
// argument.
[[nodiscard]] std::string percent_encoded(std::string_view text);

} // namespace ws_pubsub
