// How a log begins: a host gives what it has of the topics, and the log's first
// entry is behind that.
//
// Hosts that find no log offer their zones, and the one that is furthest goes
// on; one that has nothing waits before it takes part. It applies the first
// entry, genesis, to its own zone as all others, writes a snapshot of that, and
// puts it beside where the log will be; then log, snapshot and all come to be
// at once. So who dies meanwhile leaves no log, or a whole one; and of several
// who came so far one has begun it.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "log/applier.hpp"
#include "log/joining_owner.hpp"
#include "log/log.hpp"
#include "log/pending_calls.hpp"
#include "log/snapshot_store.hpp"
#include "log/snapshot_upload.hpp"
#include "topics/emptying.hpp"

namespace ws_pubsub {

// What all that brings a zone to its log works with.
struct JoiningParts {
    Log& log;
    SnapshotStore& snapshots;
    TopicParts& topics;
    Applier& applier;
    const Clock& host; // the host's own
    uint64_t host_id = 0;
};

class Seeding {
public:
    static constexpr int64_t kOfferMs = 2000; // until all offers are there
    static constexpr int64_t kAgainMs = 1000;
    static constexpr int64_t kNoStateMs = 5000; // a host with nothing waits

    enum class State : uint8_t {
        runs,
        seeded,
        found, // there is a log: it has to be looked at
        stuck  // why() says it
    };

    Seeding(const JoiningParts& parts, JoiningOwner& owner)
        : parts_(parts), owner_(owner)
    {}

    // `useless`: the beginning of a log that nobody follows, and that nobody
    // can join.
    void begin(const std::optional<LogId>& useless);
    // Does a turn's work, or asks for the owner's run_in() and call. REQUIRES:
    // it runs.
    State run();
    void stop();
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    enum class Step : uint8_t {
        look,
        offer,
        choose, // who goes on
        empty,
        name, // the log's first entry
        apply,
        write,
        put,
        found,
        seeded,
        other,
        stuck
    };

    void look();
    void on_ground(const LogGround& ground);
    [[nodiscard]] bool has_state();
    // What is then done where nobody is further.
    void offer(Step then);
    [[nodiscard]] bool is_furthest(std::span<const SeedOffer> offers) const;
    void begin_log();
    void empty_some();
    void name();
    void make_entry(const LogId& id);
    void apply_some();
    void write_some();
    void put();
    void found();
    void tell_seeded();
    void go_on(Step step, int64_t ms = 0);
    void again() { go_on(Step::look, kAgainMs); }

    const JoiningParts parts_;
    JoiningOwner& owner_;
    PendingCalls calls_;
    Step step_ = Step::look;
    int64_t since_ms_ = 0;
    bool had_state_ = false;
    std::optional<LogId> useless_;
    std::optional<LogId> genesis_before_;
    SeedOffer own_;
    std::string why_;
    std::optional<Emptying> emptying_;
    // The first entry, once it is made.
    LogId id_{};
    uint64_t nonce_ = 0;
    std::string entry_;
    std::optional<SnapshotUpload> upload_;
};

} // namespace ws_pubsub
