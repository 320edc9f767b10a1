#include "shm/wheel.hpp"

#include <algorithm>

namespace ws_pubsub {

namespace {

constexpr int64_t kSlots = kWheelSlots;

// Each worker has its own idea of the time, as old as the turn of its event
// loop. A time further back means that the system's clock was set.
constexpr int64_t kSlackTicks = 10;

uint16_t slot_number(int64_t tick)
{
    return static_cast<uint16_t>(static_cast<uint64_t>(tick) % kWheelSlots);
}

} // namespace

TopicClock*& TimingWheel::slot(int64_t tick)
{
    return header_.wheel.slots[slot_number(tick)];
}

void TimingWheel::schedule(TopicClock& clock, int64_t due_ms)
{
    const int64_t next = header_.wheel.tick + 1;
    int64_t wait = std::max(tick_of(due_ms) + 1 - next, int64_t{0});
    if (wait >= kSlots) {
        const uint64_t spread = clock.topic->hash % (kWheelSlots / 2);
        wait = kSlots - 1 - static_cast<int64_t>(spread);
    }
    if (clock.slot != kNoSlot) {
        if (slot_number(clock.slot - next) <= wait) {
            return;
        }
        cancel(clock);
    }
    TopicClock*& first = slot(next + wait);
    tx_.set(clock.slot, slot_number(next + wait));
    tx_.set(clock.prev, nullptr);
    tx_.set(clock.next, first);
    if (first != nullptr) {
        tx_.set(first->prev, &clock);
    }
    tx_.set(first, &clock);
}

void TimingWheel::cancel(TopicClock& clock)
{
    if (clock.slot == kNoSlot) {
        return;
    }
    if (clock.prev != nullptr) {
        tx_.set(clock.prev->next, clock.next);
    } else {
        tx_.set(header_.wheel.slots[clock.slot], clock.next);
    }
    if (clock.next != nullptr) {
        tx_.set(clock.next->prev, clock.prev);
    }
    tx_.set(clock.slot, kNoSlot);
}

TopicClock* TimingWheel::next_due(int64_t now_ms)
{
    const int64_t now = tick_of(now_ms);
    int64_t tick = std::max(header_.wheel.tick, now - kSlots);
    if (now < tick - kSlackTicks) {
        tick = now;
    }
    while (tick < now && slot(tick + 1) == nullptr) {
        tick++;
    }
    if (tick != header_.wheel.tick) {
        tx_.set(header_.wheel.tick, tick);
    }
    return tick < now ? slot(tick + 1) : nullptr;
}

} // namespace ws_pubsub
