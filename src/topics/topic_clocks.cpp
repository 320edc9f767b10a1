#include "topics/topic_clocks.hpp"

#include <algorithm>

#include "base/topic.hpp"
#include "topics/wheel.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kNever = INT64_MAX;

// When time will change the topic. In a zone that follows a log who reads it
// makes no difference, but it is looked at before, for those who do. REQUIRES:
// it has a clock.
int64_t due_ms(const Topic& topic, bool follows_log)
{
    const TopicClock& clock = *topic.clock;
    if (topic.epoch == 0 && topic.interests == nullptr) {
        return 0; // it is over, and waits to be freed
    }
    int64_t due = kNever;
    if (clock.ttl_ms != 0 && topic.head != nullptr) {
        due = std::min(topic.head->born_ms, topic.tail->born_ms) + clock.ttl_ms;
    }
    if (clock.idle_ms != 0 && topic.epoch != 0 &&
        (follows_log || topic.interests == nullptr)) {
        const bool soon = follows_log && !clock.half_over;
        due = std::min(due, clock.touch ? clock.active_ms
                                        : clock.active_ms +
                                              clock.idle_ms / (soon ? 2 : 1));
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
    set_active(*topic.clock, ticks_ms);
    return true;
}

void TopicClocks::set_active(TopicClock& clock, int64_t ticks_ms)
{
    tx_.set(clock.active_ms, ticks_ms);
    if (clock.half_over || clock.touch) {
        tx_.set(clock.half_over, false);
        tx_.set(clock.touch, false);
    }
}

void TopicClocks::touch(Topic& topic, int64_t ticks_ms)
{
    if (topic.epoch != 0 && topic.clock != nullptr &&
        topic.clock->idle_ms != 0) {
        set_active(*topic.clock, ticks_ms);
        schedule_clock(topic);
    }
}

bool TopicClocks::is_to_be_touched(Topic& topic, Readers& readers,
                                   int64_t ticks_ms)
{
    TopicClock& clock = *topic.clock;
    if (clock.idle_ms == 0 || topic.epoch == 0 || is_reserved(topic.path())) {
        return false;
    }
    if (clock.touch) {
        return true;
    }
    if (clock.half_over || clock.active_ms + clock.idle_ms / 2 > ticks_ms) {
        return false;
    }
    if (topic.interests != nullptr || readers.wanted(topic)) {
        return true;
    }
    tx_.set(clock.half_over, true);
    return false;
}

void TopicClocks::look_again(TopicClock& clock, int64_t ticks_ms)
{
    TimingWheel wheel(header_, tx_);
    wheel.cancel(clock);
    wheel.schedule(clock, ticks_ms);
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
    const int64_t due = due_ms(topic, header_.replica.on);
    if (due != kNever) {
        TimingWheel(header_, tx_).schedule(*topic.clock, due);
    }
}

void TopicClocks::schedule_anew(Topic& topic)
{
    TimingWheel(header_, tx_).cancel(*topic.clock);
    schedule(topic);
}

void TopicClocks::end_reading(Topic& topic, int64_t ticks_ms)
{
    if (topic.clock == nullptr) {
        return;
    }
    if (!header_.replica.on) {
        tx_.set(topic.clock->active_ms, ticks_ms);
    } else if (topic.clock->idle_ms != 0 && topic.epoch != 0) {
        tx_.set(topic.clock->touch, true);
    }
    schedule(topic);
}

void TopicClocks::begin_reading(Topic& topic)
{
    if (topic.clock != nullptr && topic.clock->half_over) {
        tx_.set(topic.clock->half_over, false);
        schedule(topic);
    }
}

} // namespace ws_pubsub
