// What each payload begins with: which message it is, and when it was meant to
// be sent. Sixteen characters that are plain text and need no escape in JSON,
// so that the same payload goes through every server and protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ws_bench {

inline constexpr size_t kStampBytes = 16;

struct Stamp {
    uint64_t index;  // below 2^30
    int64_t sent_ns; // below 2^50: since the program started
};

// Both take kStampBytes of text.
void write_stamp(char* out, const Stamp& stamp);
// nullopt: this is no stamp.
std::optional<Stamp> read_stamp(const char* text);

} // namespace ws_bench
