// A snapshot of what hosts have of a log, on its way to where all find it: what
// is written first, into this process' memory, and then goes in pieces.
//
// While it is written nothing may be applied; see topics/snapshot_writer.hpp.
//
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "log/snapshot_store.hpp"
#include "topics/snapshot_writer.hpp"

namespace ws_pubsub {

class SnapshotUpload {
public:
    static constexpr size_t kChunkBytes = 256UL * 1024;
    // What is written in one turn, and the holds of the lock for that.
    static constexpr size_t kTurnBytes = 1024UL * 1024;
    static constexpr size_t kHoldsPerTurn = 16;

    enum class Written : uint8_t {
        more,
        all,
        nothing // the zone has changed, or is not between two entries
    };

    explicit SnapshotUpload(TopicParts& parts);
    // A turn's work.
    Written write_some();
    // Once all is written. False: see SnapshotStore.
    bool put_next(SnapshotStore& store, SnapshotStore::Done done) const;
    // What put_next() has put is there.
    void note_put()
    {
        put_++;
        chunks_.pop_front();
    }
    [[nodiscard]] bool is_put() const { return chunks_.empty(); }
    // What it is, as a part of the log that begins with `genesis`.
    [[nodiscard]] StoredSnapshot stored(const LogId& genesis) const;
    [[nodiscard]] uint64_t bytes() const { return bytes_; }

private:
    void cut(size_t least);

    SnapshotWriter writer_;
    std::string piece_; // that is no chunk yet
    // What is not put yet: in pieces, since one that grows would be copied.
    std::deque<std::string> chunks_;
    uint64_t bytes_ = 0; // of all
    uint32_t crc_ = 0;
    uint64_t id_;
    uint64_t put_ = 0; // chunks
};

} // namespace ws_pubsub
