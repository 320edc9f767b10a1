// What the policies of topics say about time, and when to look at which topic
// for it.
//
// Where the zone follows a log it is not who reads a topic that keeps it, but
// that hosts touch it: each one that has readers when half of the idle time is
// over, and when its last one has left.
//
// For one transaction. A topic of whose policy time is no part has no clock.
#pragma once

#include "shm/transaction.hpp"
#include "topics/layout.hpp"
#include "topics/readers.hpp"

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
    void end_reading(Topic& topic, int64_t ticks_ms);
    // It has one more.
    void begin_reading(Topic& topic);
    // Some host has readers of it, if it has an idle time.
    void touch(Topic& topic, int64_t ticks_ms);
    // Whether this host has to say so. REQUIRES: it has a clock.
    bool is_to_be_touched(Topic& topic, Readers& readers, int64_t ticks_ms);
    // The clock has its turn in the second after this one.
    void look_again(TopicClock& clock, int64_t ticks_ms);

    // Whether the topic's idle time is over. REQUIRES: it has a clock.
    static bool is_idle(const Topic& topic, int64_t ticks_ms);

private:
    bool set_clock(Topic& topic, const Policy& policy, int64_t ticks_ms);
    void set_active(TopicClock& clock, int64_t ticks_ms);
    void schedule_clock(Topic& topic);

    TopicsHeader& header_;
    Transaction& tx_;
};

} // namespace ws_pubsub
