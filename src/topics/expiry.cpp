#include "topics/expiry.hpp"

#include "topics/topic_clocks.hpp"
#include "topics/topic_log.hpp"
#include "topics/wheel.hpp"

namespace ws_pubsub {

void Expiry::expire_topic(Transaction& tx, Topic& topic, int64_t ticks_ms,
                          size_t& steps)
{
    TopicLog log(header_, tx);
    steps -= log.drop_expired(topic, ticks_ms, steps);
    TopicClock& clock = *topic.clock;
    // A selector's sessions may not have come to this topic yet.
    if (TopicClocks::is_idle(topic, ticks_ms) && readers_.wanted(topic)) {
        tx.set(clock.active_ms, ticks_ms);
    }
    if (TopicClocks::is_idle(topic, ticks_ms)) {
        records_.end(tx, topic);
        tx.commit();
    }
    if (topic.epoch == 0 && topic.interests == nullptr) {
        for (; topic.head != nullptr && steps > 0; steps--) {
            log.drop_head(topic);
            tx.commit();
        }
        if (topic.head == nullptr) {
            tidying_.tidy(tx, topic); // unless somebody died before he could
            TimingWheel(header_, tx).cancel(clock);
            records_.free_if_unused(tx, topic);
            return;
        }
    }
    TopicClocks(header_, tx).schedule_anew(topic);
    tx.commit();
}

bool Expiry::expire_some(Transaction& tx, int64_t ticks_ms)
{
    TimingWheel wheel(header_, tx);
    for (size_t steps = kStepsPerLock; steps > 0; steps--) {
        const TopicClock* due = wheel.next_due(ticks_ms);
        tx.commit();
        if (due == nullptr) {
            return false;
        }
        expire_topic(tx, *due->topic, ticks_ms, steps);
        if (steps == 0) {
            break;
        }
    }
    return true;
}

} // namespace ws_pubsub
