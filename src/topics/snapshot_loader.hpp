// Fills a zone with what a snapshot says: see topics/snapshot_format.hpp.
//
// All of it is looked through first: what is no snapshot changes nothing. What
// does not fit is left out: values come first, then history, the newest of all
// topics. What is for subscribers stays free, but where all values fit without.
// So is what no publish takes, and with it what is older in its topic, or the
// topic, where it is the value.
//
// In a zone that follows a log a snapshot of that is taken exactly: all but
// history has to fit, at the cost of whatever else there is, or nothing was
// gained. The zone is at the snapshot's position once all is loaded.
//
// Nobody else may change the zone's topics. Each topic, and each message of its
// history, is a change of its own. A step is one hold of the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "shm/transaction.hpp"
#include "topics/revocations.hpp"
#include "topics/snapshot_format.hpp"
#include "topics/snapshot_history.hpp"
#include "topics/snapshot_items.hpp"
#include "topics/snapshot_survey.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

struct LoadedSnapshot {
    uint64_t topics = 0;
    uint64_t messages = 0;
    // What there was no room for, or what is unsound.
    uint64_t topics_left_out = 0;
    uint64_t messages_left_out = 0; // those of these topics, too
    uint64_t others_left_out = 0;   // keys and revocations
    bool exact = false;             // the zone is as far in its log
    std::vector<Position> marks;

    [[nodiscard]] bool all_fits() const
    {
        return topics_left_out + messages_left_out + others_left_out == 0;
    }
};

class SnapshotLoader {
public:
    // What is looked at in one hold of the lock.
    static constexpr size_t kBytesPerLock = 64UL * 1024; // of the snapshot
    static constexpr size_t kRecordsPerLock = 256;

    enum class State : uint8_t {
        more,
        done,
        too_small, // what is to be exact does not fit; what is there is no good
        stale      // somebody else fills the zone
    };

    // All of what a host had, into a new zone. `away_ms`: how long ago the
    // snapshot was written.
    SnapshotLoader(TopicParts& parts, Revocations& revocations,
                   std::string_view snapshot, int64_t away_ms);
    // What hosts have in common, into a zone that Emptying has emptied as
    // `replacing`.
    SnapshotLoader(TopicParts& parts, std::string_view snapshot,
                   SnapshotSurvey found, uint64_t replacing);

    // nullopt: it is none, and nothing has changed; or too_small. REQUIRES: the
    // zone is empty.
    std::optional<LoadedSnapshot> load();
    // A part of that. REQUIRES: it was surveyed.
    State step();
    [[nodiscard]] const LoadedSnapshot& loaded() const { return loaded_; }

private:
    enum class Phase : uint8_t { begin, records, history };
    static constexpr uint64_t kOwn = 0; // replaces nothing

    void begin(Transaction& tx);
    void begin_zone(Transaction& tx);
    [[nodiscard]] uint64_t kept_from_values(Transaction& tx);
    State load_some(Transaction& tx);
    bool load_record(Transaction& tx, SavedRecord& record);
    bool load_topic(Transaction& tx, const ByteReader& fields);
    bool fill_topic(Transaction& tx, const SavedTopic& saved,
                    ByteReader fields);
    bool load_forks(Transaction& tx, Topic& topic, const SavedTopic& saved);
    bool load_value(Transaction& tx, Topic& topic, const SavedTopic& saved,
                    ByteReader& fields);
    bool load_key(Transaction& tx, ByteReader fields);
    bool load_key_exactly(Transaction& tx, SavedKey saved);
    bool load_origin(Transaction& tx, ByteReader fields);
    void load_revocation(Transaction& tx, ByteReader fields);
    bool make_room(Transaction& tx, size_t bytes);
    void finish(Transaction& tx);

    TopicParts& parts_;
    Revocations* revocations_; // null: they stay as they are
    const std::string_view snapshot_;
    const uint64_t replacing_;
    const int64_t ticks_ms_;
    const int64_t away_ms_;
    LoadedSnapshot loaded_;
    SnapshotSurvey found_;
    ByteReader rest_;
    Phase phase_ = Phase::begin;
    uint64_t kept_ = 0; // what values leave free
    std::optional<SnapshotItems> items_;
    std::optional<SnapshotHistory> history_;
};

} // namespace ws_pubsub
