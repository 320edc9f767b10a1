// What the policies of topics say about time, and when to look at which topic
// for it.
//
// For one transaction. A topic of whose policy time is no part has no clock.
#pragma once

#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class TopicClocks {
public:
    TopicClocks(TopicsHeader& header, Transaction& tx)
        : header_(header), tx_(tx)
    {}

    // What the policy says from now on, which is the time of a publish. False
    // when the zone is full.
    bool set(Topic& topic, const Policy& policy, int64_t ticks_ms)
    {
        const bool needed = policy.ttl_ms != 0 || policy.idle_ms != 0;
        return (!needed && topic.clock == nullptr) ||
               set_clock(topic, policy, ticks_ms);
    }
    void drop(Topic& topic);
    // To be called when the topic may have something due that it had not
    // before.
    void schedule(Topic& topic)
    {
        if (topic.clock != nullptr) {
            schedule_clock(topic);
        }
    }
    // The same when all that is due was done. REQUIRES: it has a clock.
    void schedule_anew(Topic& topic);
    // The topic's last reader has left.
    void restart_idle(Topic& topic, int64_t ticks_ms);

    // Whether the topic's idle time is over. REQUIRES: it has a clock.
    static bool is_idle(const Topic& topic, int64_t ticks_ms);

private:
    bool set_clock(Topic& topic, const Policy& policy, int64_t ticks_ms);
    void schedule_clock(Topic& topic);

    TopicsHeader& header_;
    Transaction& tx_;
};

} // namespace ws_pubsub
