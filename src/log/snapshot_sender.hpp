// Stores a snapshot beside the log now and then, and lets what is before the
// one before that go: so a host that joins reads no more of the log than a
// little, and the log does not grow without end.
//
// It is the following worker's, while it follows. One host at a time does it.
// While the snapshot is written nothing may be applied: where needs_pause()
// says so the worker waits, between two entries.
//
// A snapshot is due when `log` bytes came after the newest, or after ten
// minutes in which something has changed; but not too soon after the last one,
// unless twice as much came. And where the log does not go on from the newest,
// as somebody else has trimmed it: no host could join.
//
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "log/joining_owner.hpp"
#include "log/log.hpp"
#include "log/pending_calls.hpp"
#include "log/snapshot_age.hpp"
#include "log/snapshot_store.hpp"
#include "log/snapshot_upload.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

struct SnapshotSending {
    uint64_t failures = 0;
    LogId position{}; // of the newest; zeroes: there is none, or none is known
    uint64_t log_bytes = 0; // about, that came after it
};

class SnapshotSender {
public:
    static constexpr int64_t kTickMs = 1000;
    static constexpr int64_t kLookMs = 5000; // for what others have stored
    static constexpr int64_t kAfterMs = 600'000;
    static constexpr int64_t kLeastAfterMs = 30'000;
    // After a failure, and while another host has the lease.
    static constexpr int64_t kAgainMs = 10'000;
    // Chunks are 8 MB a second.
    static constexpr int64_t kChunkMs = 32;
    static constexpr int64_t kRenewMs = 10'000; // the lease

    // `log_bytes`: after which it is due.
    SnapshotSender(Log& log, SnapshotStore& snapshots, TopicParts& topics,
                   const Clock& host, uint64_t host_id, uint64_t log_bytes,
                   Worked& owner)
        : log_(log), snapshots_(snapshots), topics_(topics), host_(host),
          host_id_(host_id), log_bytes_(log_bytes), owner_(owner),
          age_(log_bytes / 64)
    {}

    // The log is followed, at its end.
    void begin();
    // What the owner's run_in() has asked for.
    void run();
    // It is not followed any more, or the connection has ended.
    void stop();
    // An entry was applied, also before begin().
    void applied(const LogId& id, size_t bytes, bool changes)
    {
        age_.add(id, bytes, changes);
    }
    [[nodiscard]] bool needs_pause() const { return step_ == Step::write; }
    [[nodiscard]] SnapshotSending sending() const
    {
        return {failures_, newest_.position,
                age_.bytes_after(newest_.position)};
    }

private:
    enum class Step : uint8_t {
        off,
        rest,
        look,
        check,
        lease,
        write,
        put,
        commit
    };

    void go_on(Step step, int64_t ms = 0);
    void rest();
    void fail(std::string_view why);
    [[nodiscard]] bool is_due();
    // What a call has ended with, or that it was not taken.
    bool fails(const LogOutcome& outcome);
    void expect(bool taken);

    void look();
    void on_ground(const LogGround& ground);
    void check();
    void lease();
    void write();
    void put();
    void renew();
    void commit();
    void trim(const StoredSnapshot& previous);

    Log& log_;
    SnapshotStore& snapshots_;
    TopicParts& topics_;
    const Clock& host_;
    const uint64_t host_id_;
    const uint64_t log_bytes_;
    Worked& owner_;
    PendingCalls calls_;
    Step step_ = Step::off;
    SnapshotAge age_;
    uint64_t failures_ = 0;
    bool fails_ = false; // the last one has
    StoredSnapshot newest_;
    uint64_t useless_id_ = 0; // of one that the log does not go on from
    std::optional<LogId> genesis_;
    int64_t looked_ms_ = 0;
    int64_t not_before_ms_ = 0;
    int64_t leased_ms_ = 0;
    std::optional<SnapshotUpload> upload_;
};

} // namespace ws_pubsub
