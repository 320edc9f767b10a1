#include "log/snapshot_download.hpp"

#include "base/crc32c.hpp"

namespace ws_pubsub {

SnapshotDownload::SnapshotDownload(const StoredSnapshot& stored)
    : stored_(stored)
{
    bytes_.reserve(stored.bytes);
}

SnapshotDownload::Took SnapshotDownload::take(std::string_view chunk)
{
    if (chunk.empty() || chunk.size() > stored_.bytes - bytes_.size()) {
        return Took::bad;
    }
    bytes_ += chunk;
    crc_ = crc32c(chunk, crc_);
    taken_++;
    const bool ends = taken_ == stored_.chunks;
    if (ends != (bytes_.size() == stored_.bytes)) {
        return Took::bad;
    }
    if (!ends) {
        return Took::more;
    }
    return crc_ == stored_.crc ? Took::all : Took::bad;
}

std::optional<SavedReplica> SnapshotDownload::replica() const
{
    ByteReader bytes(bytes_);
    const auto zone = take_record(bytes);
    auto record = take_record(bytes);
    return zone && record && record->kind == SavedKind::replica
               ? take_replica(record->fields)
               : std::nullopt;
}

} // namespace ws_pubsub
