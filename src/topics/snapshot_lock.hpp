// That one process at a time writes to the slots of a snapshot file, be it of
// this nginx or of another one.
//
// A process that hangs while it writes keeps the others from writing over what
// it still may. It must be held for no longer than a step takes.
#pragma once

#include <cstdint>

#include "topics/snapshot_slots.hpp"

namespace ws_pubsub {

class SnapshotLock {
public:
    // Waits that long where another process has it. The slots outlive it.
    explicit SnapshotLock(const SnapshotSlots& slots, int64_t wait_ms = 0);
    ~SnapshotLock();
    SnapshotLock(const SnapshotLock&) = delete;
    SnapshotLock& operator=(const SnapshotLock&) = delete;

    // False: another one has it; errno says so. Where the file system has no
    // locks it counts as held.
    [[nodiscard]] bool is_held() const { return held_; }

private:
    const int fd_;
    bool held_ = false;
};

} // namespace ws_pubsub
