// Writes one snapshot of a zone into the slot that is not the newest, a piece
// at a time, while the zone is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "readers/snapshots.hpp"
#include "topics/snapshot_slots.hpp"
#include "topics/snapshot_writer.hpp"

namespace ws_pubsub {

class SnapshotJob {
public:
    // Of one step.
    static constexpr size_t kStepBytes = 1024UL * 1024;
    // Of the lock: what brings no bytes takes time, too.
    static constexpr size_t kHoldsPerStep = 16;

    enum class State : uint8_t {
        more,
        busy, // another process writes: the step was not done
        done,
        failed,     // errno says why; the slot has to be written again
        taken_over, // somebody else's snapshots are in the slots
        stale,      // a later job of this zone was begun
        unfit       // the zone is being filled: there is nothing to be kept
    };

    // Both outlive it. `clean`: nobody uses the zone any more.
    SnapshotJob(Snapshots& snapshots, const SnapshotSlots& slots, bool clean);

    State step();
    // All of it; a process that writes is waited for, but not for ever.
    State run();
    [[nodiscard]] uint64_t bytes() const { return bytes_; }
    [[nodiscard]] const SavedEnd& written() const { return writer_.written(); }
    // It is done, and the one before had failed.
    [[nodiscard]] bool is_better() const { return better_; }

private:
    State begin();
    [[nodiscard]] State check() const;
    [[nodiscard]] State take_back(const SnapshotSlots::Heads& heads);
    [[nodiscard]] bool is_foreign(const SnapshotSlots::Head& found,
                                  size_t slot) const;
    State finish();

    Snapshots& snapshots_;
    const SnapshotSlots& slots_;
    const bool clean_;
    SnapshotBook book_;
    size_t target_ = 0;
    SnapshotSlots::Heads heads_; // as they are until it is done
    SnapshotWriter writer_;
    const uint64_t content_;
    std::string piece_;
    bool begun_ = false;
    bool complete_ = false;
    bool better_ = false;
    uint64_t bytes_ = 0;
    uint32_t crc_ = 0;
};

} // namespace ws_pubsub
