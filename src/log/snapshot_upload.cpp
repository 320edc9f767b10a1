#include "log/snapshot_upload.hpp"

#include <algorithm>
#include <utility>

#include "base/crc32c.hpp"
#include "base/keyed_hash.hpp"

namespace ws_pubsub {

SnapshotUpload::SnapshotUpload(TopicParts& parts)
    : writer_(parts, {}, SnapshotWriter::Of::log),
      id_(std::max<uint64_t>(random_hash_key().first, 1))
{}

SnapshotUpload::Written SnapshotUpload::write_some()
{
    const size_t before = piece_.size();
    bool more = true;
    for (size_t holds = 0;
         more && holds < kHoldsPerTurn && piece_.size() - before < kTurnBytes;
         holds++) {
        more = writer_.step(piece_);
    }
    if (writer_.is_void()) {
        return Written::nothing;
    }
    crc_ = crc32c(std::string_view(piece_).substr(before), crc_);
    bytes_ += piece_.size() - before;
    cut(more ? kChunkBytes : 1);
    return more ? Written::more : Written::all;
}

// Makes chunks of the piece, down to less than so much.
void SnapshotUpload::cut(size_t least)
{
    size_t at = 0;
    for (; piece_.size() - at >= least; at += chunks_.back().size()) {
        chunks_.push_back(piece_.substr(at, kChunkBytes));
    }
    piece_.erase(0, at);
}

bool SnapshotUpload::put_next(SnapshotStore& store,
                              SnapshotStore::Done done) const
{
    return store.put(id_, put_, chunks_.front(), std::move(done));
}

StoredSnapshot SnapshotUpload::stored(const LogId& genesis) const
{
    StoredSnapshot stored;
    stored.id = id_;
    stored.position = writer_.position();
    stored.nonce = writer_.nonce();
    stored.genesis = genesis;
    stored.chunks = (bytes_ + kChunkBytes - 1) / kChunkBytes;
    stored.bytes = bytes_;
    stored.crc = crc_;
    stored.format = kReplicaFormat;
    return stored;
}

} // namespace ws_pubsub
