#include "topics/wheel.hpp"

#include <algorithm>

#include "shm/list.hpp"

namespace ws_pubsub {

namespace {

using Clocks = ZoneList<&TopicClock::prev, &TopicClock::next>;

constexpr int64_t kSlots = kWheelSlots;

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
    tx_.set(clock.slot, slot_number(next + wait));
    Clocks::push_front(tx_, slot(next + wait), clock);
}

void TimingWheel::cancel(TopicClock& clock)
{
    if (clock.slot == kNoSlot) {
        return;
    }
    Clocks::remove(tx_, header_.wheel.slots[clock.slot], clock);
    tx_.set(clock.slot, kNoSlot);
}

TopicClock* TimingWheel::next_due(int64_t ticks_ms)
{
    const int64_t now = tick_of(ticks_ms);
    int64_t tick = std::max(header_.wheel.tick, now - kSlots);
    while (tick < now && slot(tick + 1) == nullptr) {
        tick++;
    }
    if (tick != header_.wheel.tick) {
        tx_.set(header_.wheel.tick, tick);
    }
    return tick < now ? slot(tick + 1) : nullptr;
}

} // namespace ws_pubsub
