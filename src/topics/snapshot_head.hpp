// What a slot of a snapshot file begins with: one sector, which is written
// last, and says what the data behind it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ws_pubsub {

// What a slot is.
enum class SlotState : uint8_t {
    empty,   // or not written to its end
    claimed, // the same, but its head says who writes here
    good,
    other_format,
    unreadable, // errno says why
    bad
};

struct SnapshotHead {
    static constexpr size_t kBytes = 512;

    uint64_t generation = 0; // counts up over both slots
    uint64_t bytes = 0;      // of data; 0: it is claimed
    uint32_t crc = 0;        // CRC-32C of it
    bool clean = false;      // nothing has happened since
    int64_t written_ms = 0;  // since 1970
    uint64_t owner = 0;      // a number of whoever writes it
    uint64_t term = 0;
    uint64_t next_epoch = 0;
    // How far it follows a log, where it says that exactly; else 0.
    uint64_t log_ms = 0;
    uint64_t log_number = 0;
    // Of a clean one: the file it was written to, and that file's time. A copy
    // has others.
    uint64_t inode = 0;
    uint64_t mtime_ns = 0;
    std::string lineage; // up to 40 bytes

    bool operator==(const SnapshotHead&) const = default;
};

inline constexpr size_t kMaxLineageBytes = 40;

[[nodiscard]] std::string encode(const SnapshotHead& head);
// Of a file that may be too short. Fills in `head` where it is good.
[[nodiscard]] SlotState decode(std::string_view sector, SnapshotHead& head);

} // namespace ws_pubsub
