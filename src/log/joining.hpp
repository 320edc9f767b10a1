// Brings a zone to where it can follow the log, where what it has is not of the
// log, or is too old: it loads a snapshot that lies beside the log, or begins
// the log (log/seeding.hpp).
//
// A snapshot counts only if its last entry is still in the log: so what comes
// behind it is there. It is fetched and looked through before the zone is
// touched; then nobody is served, what the zone had goes, and what the snapshot
// has comes, a little in each turn; sessions stay. A worker that dies meanwhile
// leaves a zone that is marked; the next one begins anew.
//
// It may go on while the log's connection is lost: what has to be asked is
// asked again, once a second. stop() at any time.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/filling.hpp"
#include "log/joining_owner.hpp"
#include "log/pending_calls.hpp"
#include "log/seeding.hpp"
#include "log/snapshot_download.hpp"
#include "log/snapshot_store.hpp"
#include "topics/snapshot_survey.hpp"

namespace ws_pubsub {

class Joining {
public:
    static constexpr int64_t kAgainMs = 1000;
    // After which a log that nobody follows, and that can't be joined, is begun
    // anew.
    static constexpr int64_t kFruitlessMs = 30'000;
    // What is looked through in one turn.
    static constexpr size_t kSurveyBytes = 512UL * 1024;
    // A snapshot that says it is larger than so many times the zone.
    static constexpr uint64_t kMostZones = 4;

    // `capacity_bytes`: logical ones that the zone has room for.
    Joining(const JoiningParts& parts, uint64_t capacity_bytes,
            JoiningOwner& owner)
        : parts_(parts), capacity_bytes_(capacity_bytes), owner_(owner),
          seeding_(parts, owner)
    {}

    void begin();
    // What the owner's run_in() has asked for.
    void run();
    // Nothing is called any more. What is begun of the zone stays marked.
    void stop();
    [[nodiscard]] bool is_running() const { return running_; }

private:
    enum class Step : uint8_t {
        tail, // of the log, for whether the zone's last entry is lost
        first,
        look,
        choose, // a snapshot
        check,  // that its last entry is in the log
        fetch,
        apply, // the log's first entry, which alone is missing
        survey,
        fill,
        fruitless, // whether anybody follows the log
        seed
    };

    void go_on(Step step, int64_t ms = 0);
    // After a while looks again at what there is, or asks again.
    void again(Step step = Step::look);
    void drop();
    // Where a call was not taken, or has failed, the same.
    void expect(bool taken, Step step = Step::look);
    bool fails(const LogOutcome& outcome, Step step = Step::look);
    void stuck(std::string_view why);
    void joined(Joined::How how);
    // The snapshot at hand is of no use; another one may be.
    void reject();
    [[nodiscard]] bool is_rejected(const StoredSnapshot& stored) const;

    void ask_tail();
    void ask_first();
    void look();
    void choose();
    void take(const StoredSnapshot& stored);
    void check();
    void on_position(const LogRecord* record);
    void fetch();
    void on_chunk(std::optional<std::string_view> chunk);
    [[nodiscard]] bool needs_only_genesis() const;
    void apply_genesis();
    void survey_some();
    void on_survey();
    void begin_filling();
    void fill_some();
    void ask_whether_followed();
    void seed(const std::optional<LogId>& useless);
    void seed_some();
    [[nodiscard]] ReplicaBook book() const;
    // Whether the zone is just there, between two entries.
    [[nodiscard]] bool is_at(const LogId& last, uint64_t nonce) const;

    const JoiningParts parts_;
    const uint64_t capacity_bytes_;
    JoiningOwner& owner_;
    Seeding seeding_;
    PendingCalls calls_;
    bool running_ = false;
    Step step_ = Step::look;
    Joined joined_;
    LogGround ground_;
    std::string foreign_;
    std::vector<uint64_t> rejected_; // of those of this look
    uint64_t vanished_ = 0;          // the last one that was not whole
    // Since when nothing could be loaded, and the log's end then.
    std::optional<int64_t> fruitless_ms_;
    LogId fruitless_tail_{};

    StoredSnapshot stored_; // at hand
    std::optional<SnapshotDownload> download_;
    std::string genesis_; // entry
    std::optional<SnapshotSurveyor> surveyor_;
    std::optional<SnapshotSurvey> survey_;
    std::optional<Filling> filling_;
};

} // namespace ws_pubsub
