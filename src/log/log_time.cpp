#include "log/log_time.hpp"

#include "log/log_hosts.hpp"
#include "topics/origins.hpp"
#include "topics/removal.hpp"
#include "topics/topic_clocks.hpp"
#include "topics/wheel.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kSecondMs = 1000;

// Topics to be touched that are known at a time.
constexpr size_t kMostTouched = 4096;

// Whoever reads it or not.
bool was_idle_before(const Topic& topic, int64_t second_ms)
{
    const TopicClock& clock = *topic.clock;
    return topic.epoch != 0 && clock.idle_ms != 0 &&
           clock.active_ms + clock.idle_ms < second_ms;
}

} // namespace

bool LogTime::sweep(int64_t time_ms)
{
    ReplicaBook& book = parts_.header.replica;
    if (book.swept_ms < time_ms) {
        tx_.set(book.swept_ms, time_ms);
    }
    LogHosts(parts_.header, tx_).forget(time_ms);
    tx_.commit();
    return !parts_.keys.expire(tx_, time_ms, Expiry::kStepsPerLock) &&
           !Origins(parts_.header, tx_)
                .forget_some(time_ms, Expiry::kStepsPerLock) &&
           sweep_topics(time_ms / kSecondMs * kSecondMs);
}

bool LogTime::sweep_topics(int64_t second_ms)
{
    TimingWheel wheel(parts_.header, tx_);
    for (size_t steps = Expiry::kStepsPerLock; steps > 0; steps--) {
        const TopicClock* due = wheel.next_due(second_ms);
        tx_.commit();
        if (due == nullptr) {
            return true;
        }
        Topic& topic = *due->topic;
        if (was_idle_before(topic, second_ms)) {
            end_idle(topic, second_ms); // it comes again, if it has a rest
        } else {
            look_at(topic, second_ms, steps);
        }
        if (steps == 0) {
            break;
        }
    }
    return false;
}

void LogTime::look_at(Topic& topic, int64_t second_ms, size_t& steps)
{
    TopicClocks clocks(parts_.header, tx_);
    const bool touch =
        clocks.is_to_be_touched(topic, parts_.readers, second_ms);
    if (touch && touched_.size() < kMostTouched) {
        touched_.emplace_back(topic.path());
    }
    parts_.expiry.expire_topic(tx_, topic, second_ms - 1, steps);
    if (touch) { // so it is still there
        clocks.look_again(*topic.clock, second_ms);
        tx_.commit();
    }
}

// Whoever reads it is told.
void LogTime::end_idle(Topic& topic, int64_t second_ms)
{
    Change change = removal_of(topic.path(), second_ms, {});
    change.ticks_ms = second_ms;
    (void)Removal(parts_, tx_, change).remove();
}

} // namespace ws_pubsub
