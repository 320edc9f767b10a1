// Heads of HTTP/1.1 messages, as far as the bench needs them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ws_bench {

// The message's first line and headers, with the empty line that ends them;
// nullopt while that has not come.
std::optional<std::string_view> http_head(std::string_view bytes);

// The value of a header; empty if it is not there. `name` in lower case.
std::string_view http_header(std::string_view head, std::string_view name);

// Content-Length; 0 if it is not there.
size_t http_body_bytes(std::string_view head);

} // namespace ws_bench
