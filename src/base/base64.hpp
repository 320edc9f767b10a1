// Base64: with padding (RFC 4648 section 4), and for URLs without (section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ws_pubsub {

void append_base64(std::string& out, std::string_view bytes);

// nullopt unless `text` is canonical base64: whole quadruples, padding only at
// the end, no stray bits.
std::optional<std::string> decode_base64(std::string_view text);

// The same for base64url without padding, as JSON Web Signatures have it (RFC
// 7515 section 2): nullopt unless it is the one way to write these bytes.
std::optional<std::string> decode_base64url(std::string_view text);

} // namespace ws_pubsub
