// A snapshot that comes in pieces: into this process' memory, until all of it
// is there and is what was said of it.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/snapshot_store.hpp"
#include "topics/snapshot_format.hpp"

namespace ws_pubsub {

class SnapshotDownload {
public:
    explicit SnapshotDownload(const StoredSnapshot& stored);

    enum class Took : uint8_t {
        more,
        all,
        bad // it is not what was said of it
    };
    Took take(std::string_view chunk);
    [[nodiscard]] uint64_t next_chunk() const { return taken_; }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    // What it says of its log, as soon as that has come.
    [[nodiscard]] std::optional<SavedReplica> replica() const;

private:
    const StoredSnapshot stored_;
    std::string bytes_;
    uint32_t crc_ = 0;
    uint64_t taken_ = 0; // chunks
};

} // namespace ws_pubsub
