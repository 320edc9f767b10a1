// The worker that brings what a log has to its host's zone: it follows, joins
// where it has to, stores snapshots now and then.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/joining.hpp"
#include "log/snapshot_sender.hpp"
#include "log/tailer.hpp"
#include "module/cluster_settings.hpp"
#include "ngx/timer.hpp"
#include "readers/store.hpp"
#include "redis/redis_log.hpp"
#include "redis/redis_snapshots.hpp"

namespace ws_pubsub {

// What it works with. All of them outlive it.
struct LeaderParts {
    Store& store;
    WorkerId worker;
    const ClusterSettings& settings;
    const std::string& zone; // its name
    const Clock& host;       // the host's own
    redis::RedisLog& log;    // over which the worker appends
};

class LogLeader final : private TailerOwner, private JoiningOwner {
public:
    explicit LogLeader(const LeaderParts& parts);
    LogLeader(const LogLeader&) = delete;
    LogLeader& operator=(const LogLeader&) = delete;
    ~LogLeader();

    // About once a second.
    void tick();
    // As of Tailer.
    [[nodiscard]] bool has_news() const { return tailer_.has_news(); }
    void tell_news() { tailer_.tell_news(); }
    void leave() { tailer_.leave(); }

private:
    // What the sender works on.
    struct SenderTurns final : public Worked {
        explicit SenderTurns(LogLeader& leader_) : leader(leader_) {}
        void run_in(int64_t ms) override;
        void log(LogLevel level, std::string_view text) override
        {
            leader.log(level, text);
        }

        LogLeader& leader;
    };

    void run_tailer_in(int64_t ms) override;
    void join() override;
    void stop_joining() override;
    void begin_following() override;
    void end_following() override;
    void send_sessions_away() override;
    void applied(const LogId& id, size_t bytes, bool changes) override
    {
        sender_.applied(id, bytes, changes);
    }
    [[nodiscard]] bool may_apply() const override
    {
        return !sender_.needs_pause();
    }
    // As of both owners.
    void log(LogLevel level, std::string_view text) override;
    void run_in(int64_t ms) override;
    void on_replacing() override;
    void on_joined(const Joined& joined) override;
    void on_stuck(std::string_view why) override;

    void look_after_waiting();

    static void on_tailer(void* self);
    static void on_joining(void* self);
    static void on_sender(void* self);

    const LeaderParts parts_;
    // The first: the others may start them as they end.
    Timer tailer_timer_;
    Timer joining_timer_;
    Timer sender_timer_;
    redis::RedisSnapshots snapshots_;
    Tailer tailer_;
    redis::RedisLog following_; // ends before: it ends the tailer's calls
    Joining joining_;
    SenderTurns sender_turns_;
    SnapshotSender sender_;
    // Since when sessions have waited for the zone to be served, or when they
    // were sent away last.
    std::optional<int64_t> waiting_ms_;
};

} // namespace ws_pubsub
