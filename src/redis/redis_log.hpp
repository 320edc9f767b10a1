// A log that is a stream of Redis.
//
// Each of a worker's connections is an object of its own: one that appends, and
// where the worker leads, one that follows. What is said over one comes in its
// order; a reading that waits holds up what is behind it.
//
// Thread safety: none.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.hpp"
#include "redis/log_keys.hpp"
#include "redis/master_link.hpp"
#include "redis/read_size.hpp"
#include "redis/stream.hpp"

namespace ws_pubsub::redis {

class RedisLog final : public Log {
public:
    // Servers and owner outlive it. `name`: of the zone's keys. REQUIRES: as
    // Link.
    RedisLog(const std::vector<Server>& servers, std::string_view name,
             LogOwner& owner)
        : keys_(name), link_(servers, keys_.genesis, owner)
    {}

    void start() { link_.start(); }
    [[nodiscard]] bool is_open() const override { return link_.is_open(); }
    [[nodiscard]] std::string_view lineage() const override
    {
        return link_.lineage();
    }
    bool append(std::string_view entry, Done done) override;
    bool look_up(const LogId& id, FoundRecord found) override;
    // False, too, where one is under way.
    bool follow(const LogId& last, int64_t wait_ms,
                FoundRecords found) override;
    bool tail(FoundId found) override;
    bool trim(const LogId& least, Done done) override;
    void close(std::string_view why) override { link_.close(why); }

    // For what else is asked over this connection.
    [[nodiscard]] MasterLink& link() { return link_; }
    [[nodiscard]] const LogKeys& keys() const { return keys_; }

private:
    // A follow that is under way.
    struct Following {
        FoundRecords found;
        bool is_contiguous = true;
        LogOutcome::Kind kind = LogOutcome::Kind::done;
        std::string why{};
    };

    static LogOutcome outcome_of_reading(const Ending& ending);
    bool read_behind(const LogId& last, int64_t wait_ms);
    bool look_at_start(const LogId& last);
    void take_records(const Ending& ending);
    void take_start(const Ending& ending);
    void note(const Ending& ending);
    void end_following();

    LogKeys keys_;
    ReadSize size_;
    Records records_;
    std::optional<Following> following_;
    MasterLink link_; // the last: it ends calls
};

// How a command has ended.
LogOutcome outcome_of(const Ending& ending);

} // namespace ws_pubsub::redis
