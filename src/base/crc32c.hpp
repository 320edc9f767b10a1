// CRC-32C (Castagnoli's polynomial, as in RFC 3720): whether bytes are those
// that were written.
#pragma once

#include <cstdint>
#include <string_view>

namespace ws_pubsub {

// Of all bytes so far: those that gave `before`, then these.
[[nodiscard]] uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

} // namespace ws_pubsub
