// What time does to topics: messages older than their topic's ttl go, and so
// does a topic that for its idle time nobody has published to or read. Those
// who were away for too long leave it.
//
// Nothing depends on how soon that happens: readers look at ages themselves,
// and see an old message as gone before it is. The work is done a few topics
// in each hold of the lock, by whichever worker comes first.
#include <algorithm>

#include "shm/store.hpp"
#include "shm/topic_log.hpp"
#include "shm/wheel.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kNever = INT64_MAX;

// Topics looked at and items freed in one hold of the lock, and how many holds
// before others get their turn.
constexpr size_t kStepsPerLock = 64;
constexpr size_t kLocksPerTurn = 16;

// When time will change the topic. REQUIRES: it has a clock.
int64_t due_ms(const Topic& topic)
{
    const TopicClock& clock = *topic.clock;
    if (topic.epoch == 0 && topic.interests == nullptr) {
        return 0; // it is over, and waits to be freed
    }
    int64_t due = kNever;
    if (clock.ttl_ms != 0 && topic.head != nullptr) {
        due = std::min(topic.head->time_ms, topic.tail->time_ms) + clock.ttl_ms;
    }
    if (clock.idle_ms != 0 && topic.interests == nullptr) {
        due = std::min(due, clock.active_ms + clock.idle_ms);
    }
    return due;
}

bool is_idle(const Topic& topic, int64_t now_ms)
{
    const TopicClock& clock = *topic.clock;
    return clock.idle_ms != 0 && topic.epoch != 0 &&
           topic.interests == nullptr &&
           clock.active_ms + clock.idle_ms <= now_ms;
}

} // namespace

// What the policy says about time from now on, which is the time of a publish.
// False when the zone is full.
bool Store::set_clock(Transaction& tx, Topic& topic, const Policy& policy,
                      int64_t now_ms)
{
    if (policy.ttl_ms == 0 && policy.idle_ms == 0) {
        drop_clock(tx, topic);
        return true;
    }
    if (topic.clock == nullptr) {
        void* block = tx.allocate(sizeof(TopicClock));
        if (block == nullptr) {
            return false;
        }
        auto* clock = new (block) TopicClock{};
        clock->topic = &topic;
        clock->slot = kNoSlot;
        tx.set(topic.clock, clock);
    }
    tx.set(topic.clock->ttl_ms, policy.ttl_ms);
    tx.set(topic.clock->idle_ms, policy.idle_ms);
    tx.set(topic.clock->active_ms, now_ms);
    return true;
}

void Store::drop_clock(Transaction& tx, Topic& topic)
{
    if (topic.clock != nullptr) {
        TimingWheel(header_, tx).cancel(*topic.clock);
        tx.release(topic.clock);
        tx.set(topic.clock, nullptr);
    }
}

// To be called when the topic may have something due that it had not before.
void Store::schedule(Transaction& tx, Topic& topic)
{
    if (topic.clock != nullptr) {
        const int64_t due = due_ms(topic);
        if (due != kNever) {
            TimingWheel(header_, tx).schedule(*topic.clock, due);
        }
    }
}

// The topic's last reader has left.
void Store::restart_idle(Transaction& tx, Topic& topic)
{
    if (topic.clock != nullptr) {
        tx.set(topic.clock->active_ms, clock_.now_ms());
        schedule(tx, topic);
    }
}

// Does what is due in the topic, as far as `steps` suffice; each item freed
// takes one. REQUIRES: it has a clock.
void Store::expire_topic(Transaction& tx, Topic& topic, int64_t now_ms,
                         size_t& steps)
{
    TopicLog log(header_, tx);
    steps -= log.drop_expired(topic, now_ms, steps);
    TopicClock& clock = *topic.clock;
    // A selector's sessions may not have come to this topic yet, and the
    // system's clock may have been set back.
    if (clock.active_ms > now_ms ||
        (is_idle(topic, now_ms) && is_selected(topic.path()))) {
        tx.set(clock.active_ms, now_ms);
    }
    if (is_idle(topic, now_ms)) {
        end_epoch(tx, topic);
        tx.commit();
    }
    if (topic.epoch == 0 && topic.interests == nullptr) {
        for (; topic.head != nullptr && steps > 0; steps--) {
            log.drop_head(topic);
            tx.commit();
        }
        if (topic.head == nullptr) {
            trim_presence(tx, topic); // unless somebody died before he could
            TimingWheel(header_, tx).cancel(clock);
            free_topic_if_unused(tx, topic);
            return;
        }
    }
    TimingWheel(header_, tx).cancel(clock);
    schedule(tx, topic);
    tx.commit();
}

// True when there is more to do.
bool Store::expire_some(Transaction& tx, int64_t now_ms)
{
    TimingWheel wheel(header_, tx);
    for (size_t steps = kStepsPerLock; steps > 0; steps--) {
        const TopicClock* due = wheel.next_due(now_ms);
        tx.commit();
        if (due == nullptr) {
            return false;
        }
        expire_topic(tx, *due->topic, now_ms, steps);
        if (steps == 0) {
            break;
        }
    }
    return true;
}

bool Store::expire(int64_t now_ms)
{
    {
        Transaction tx(memory_, header_);
        expire_keys(tx, now_ms);
        restore_spare(tx);
    }
    bool more = true;
    for (size_t i = 0; i < kLocksPerTurn && more; i++) {
        Transaction tx(memory_, header_);
        more = end_absences(tx, now_ms);
        more |= expire_some(tx, now_ms);
    }
    wake_readers();
    return more;
}

} // namespace ws_pubsub
