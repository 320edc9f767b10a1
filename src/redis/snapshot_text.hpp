// What a Redis has of snapshots beside their data: a line for the newest and
// one for the previous one, each
//
//   id position nonce genesis chunks bytes crc format
//
// in decimal numbers, positions as ids of the stream. What stands behind that
// in a line is of later versions.
#pragma once

#include <string>
#include <string_view>

#include "log/snapshot_store.hpp"

namespace ws_pubsub::redis {

struct SnapshotPair {
    StoredSnapshot newest;
    StoredSnapshot previous;
};

// Those that there are.
std::string snapshot_text(const SnapshotPair& pair);
// A line that can't be read is that of none.
SnapshotPair read_snapshots(std::string_view text);

} // namespace ws_pubsub::redis
