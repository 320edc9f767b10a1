#include "topics/topic_clocks.hpp"

#include <algorithm>

#include "topics/wheel.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kNever = INT64_MAX;

// When time will change the topic. REQUIRES: it has a clock.
int64_t due_ms(const Topic& topic)
{
    const TopicClock& clock = *topic.clock;
    if (topic.epoch == 0 && topic.interests == nullptr) {
        return 0; // it is over, and waits to be freed
    }
    int64_t due = kNever;
    if (clock.ttl_ms != 0 && topic.head != nullptr) {
        due = std::min(topic.head->born_ms, topic.tail->born_ms) + clock.ttl_ms;
    }
    if (clock.idle_ms != 0 && topic.interests == nullptr) {
        due = std::min(due, clock.active_ms + clock.idle_ms);
    }
    return due;
}

} // namespace

bool TopicClocks::is_idle(const Topic& topic, int64_t ticks_ms)
{
    const TopicClock& clock = *topic.clock;
    return clock.idle_ms != 0 && topic.epoch != 0 &&
           topic.interests == nullptr &&
           clock.active_ms + clock.idle_ms <= ticks_ms;
}

bool TopicClocks::set_clock(Topic& topic, const Policy& policy,
                            int64_t ticks_ms)
{
    if (policy.ttl_ms == 0 && policy.idle_ms == 0) {
        drop(topic);
        return true;
    }
    if (topic.clock == nullptr) {
        void* block = tx_.allocate(sizeof(TopicClock));
        if (block == nullptr) {
            return false;
        }
        auto* clock = new (block) TopicClock{};
        clock->topic = &topic;
        clock->slot = kNoSlot;
        tx_.set(topic.clock, clock);
    }
    tx_.set(topic.clock->ttl_ms, policy.ttl_ms);
    tx_.set(topic.clock->idle_ms, policy.idle_ms);
    tx_.set(topic.clock->active_ms, ticks_ms);
    return true;
}

void TopicClocks::drop(Topic& topic)
{
    if (topic.clock != nullptr) {
        TimingWheel(header_, tx_).cancel(*topic.clock);
        tx_.release(topic.clock);
        tx_.set(topic.clock, nullptr);
    }
}

void TopicClocks::schedule_clock(Topic& topic)
{
    const int64_t due = due_ms(topic);
    if (due != kNever) {
        TimingWheel(header_, tx_).schedule(*topic.clock, due);
    }
}

void TopicClocks::schedule_anew(Topic& topic)
{
    TimingWheel(header_, tx_).cancel(*topic.clock);
    schedule(topic);
}

void TopicClocks::restart_idle(Topic& topic, int64_t ticks_ms)
{
    if (topic.clock != nullptr) {
        tx_.set(topic.clock->active_ms, ticks_ms);
        schedule(topic);
    }
}

} // namespace ws_pubsub
