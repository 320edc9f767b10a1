// What a zone knows of its snapshot file, in which it outlives nginx: who
// writes it, where the newest one is, and how that went; and loading one.
//
// Each takes the lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "readers/courier.hpp"
#include "readers/layout.hpp"
#include "readers/lease.hpp"
#include "shm/zone_access.hpp"
#include "topics/revocations.hpp"
#include "topics/snapshot_head.hpp"
#include "topics/snapshot_slots.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

struct LoadedSnapshot; // topics/snapshot_loader.hpp

struct SnapshotStatus {
    int64_t age_ms = 0;
    uint64_t bytes = 0;
    uint64_t took_ms = 0;
    uint64_t failures = 0;
    bool clean = true;
};

class Snapshots {
public:
    Snapshots(ZoneAccess& access, ZoneHeader& header, TopicParts& topics,
              Revocations& revocations, Courier& courier)
        : access_(access), header_(header), topics_(topics),
          revocations_(revocations), courier_(courier)
    {}

    // Takes the lease to write, or renews it. False: another worker has it.
    bool lead(WorkerId worker);
    void give_up(WorkerId worker);

    // Fills the zone. nullopt: that is no snapshot, and nothing has changed.
    // REQUIRES: nobody has used the zone.
    std::optional<LoadedSnapshot> load(std::string_view data,
                                       const SnapshotHead& head);
    // The zone is kept in these slots from now on, in which there is so much,
    // and claims them.
    enum class Has : uint8_t {
        it,        // the zone has just that
        it_partly, // a part of it was left out
        else_      // the zone was there before
    };
    void adopt(SnapshotSlots& slots, const SnapshotSlots::Newest& newest,
               Has has);

    // In none.
    void forget();

    [[nodiscard]] SnapshotBook book() const;
    // Whether the zone has something else than when it was written.
    [[nodiscard]] bool has_changed();
    // What the zone has, as a number.
    [[nodiscard]] uint64_t content();
    // Of one that is written now, but for what its data is.
    [[nodiscard]] SnapshotHead next_head();
    // The same, how far it follows a log, exactly.
    void say_position(SnapshotHead& head) const;
    // It has nothing that could be kept.
    [[nodiscard]] bool is_being_filled() const;
    // Whose slots these were has ended: what it left there is the newest.
    void take_back(const SnapshotSlots::Heads& heads);
    // The job's number.
    uint64_t note_begin();
    // Both: whether it went another way the time before.
    bool note_end(const SnapshotHead& head, size_t slot, uint64_t content);
    bool note_failure();

    // REQUIRES the lock.
    [[nodiscard]] SnapshotStatus status() const;
    // What a back end has taken, which is saved, too.
    [[nodiscard]] std::vector<Position> marks() { return courier_.marks(); }
    TopicParts& topics() { return topics_; }
    [[nodiscard]] const Clock& clock() const { return access_.clock; }

private:
    std::optional<LoadedSnapshot> begin_without(std::string_view data);
    [[nodiscard]] uint64_t content_now() const;

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
    Revocations& revocations_;
    Courier& courier_;
};

} // namespace ws_pubsub
