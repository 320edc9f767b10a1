// A log of Redis', asked for over HTTP:
//
//   location = /log { redis_log_probe URL... [as redis_probe]; }
//
//   ?do=append&entry=abc            (&n=100: so many in one turn, "abc0"...)
//   ?do=look_up&id=1-0
//   ?do=follow&last=1-0&wait=1000
//   ?do=tail
//   ?do=trim&id=1-0
//   ?do=events                      what the owner was told, in lines: "open
//                                   LINEAGE", "closed WHY"
//   ?do=close
//   and what snapshot_calls.hpp has
//
// The answer's first line is how the call has ended: "done", "refused WHY",
// "unsent WHY", "unknown WHY", "not taken"; what it has found is in the
// next ones.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "probe.hpp"
#include "redis/redis_snapshots.hpp"
#include "snapshot_calls.hpp"

namespace ws_pubsub::probe {

class LogProbe final : public Probe, private LogOwner {
public:
    void start() override;
    void stop() override
    {
        snapshots_.reset();
        log_.reset();
    }
    ngx_int_t handle(ngx_http_request_t* r) override;

private:
    void on_open(std::string_view lineage) override;
    void on_closed(std::string_view why) override;
    ngx_int_t append(ngx_http_request_t* r, Named& named);
    bool call(const std::string& what, Named& named, Waiting waiting);

    std::optional<redis::RedisLog> log_;
    std::optional<redis::RedisSnapshots> snapshots_;
    std::string events_;
};

} // namespace ws_pubsub::probe
