// One worker's part in a zone that several hosts have in common: it appends
// what is published here to the log, and while it leads it brings what the log
// has to the zone.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <optional>
#include <string>

#include "log/appender.hpp"
#include "module/cluster_settings.hpp"
#include "module/log_leader.hpp"
#include "ngx/timer.hpp"
#include "readers/store.hpp"
#include "redis/redis_log.hpp"

namespace ws_pubsub {

// Of a worker that has no part: nothing can be done.
class NoCommitter final : public Committer {
public:
    Outcome commit(const Change& change) override;
    [[nodiscard]] bool serves() const override { return false; }
    std::unique_ptr<PendingChange> catch_up() override { return nullptr; }
};

class ZoneCluster final : private AppenderTurns {
public:
    // All of them outlive it. `host`: the host's own clock. REQUIRES: the
    // worker is attached as long.
    ZoneCluster(Store& store, WorkerId worker, const ClusterSettings& settings,
                const std::string& zone, const Clock& host);
    ZoneCluster(const ZoneCluster&) = delete;
    ZoneCluster& operator=(const ZoneCluster&) = delete;
    ~ZoneCluster();

    Committer& committer() { return appender_; }
    // About once a second.
    void tick();
    // After the worker was woken, without the lock.
    [[nodiscard]] bool may_have_some() const
    {
        return appender_.may_have_answers() || has_news();
    }
    // Takes what was answered, and tells other hosts what is new here.
    void run();
    // The worker ends. True: it has something to write that says so.
    bool leave();
    [[nodiscard]] bool is_idle() const { return appender_.is_idle(); }

private:
    [[nodiscard]] bool has_news() const
    {
        return leader_ && leader_->has_news();
    }
    void give_up();
    void run_appender_in(int64_t ms) override;
    static void on_appender(void* self);

    Store& store_;
    const WorkerId worker_;
    const ClusterSettings& settings_;
    const std::string& zone_;
    const Clock& host_;
    Timer appender_timer_; // the first: the others may start it as they end
    Appender appender_;
    redis::RedisLog log_; // of the appender
    std::optional<LogLeader> leader_;
};

} // namespace ws_pubsub
