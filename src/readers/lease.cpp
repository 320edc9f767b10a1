#include "readers/lease.hpp"

namespace ws_pubsub {

bool Lease::is_led_by(WorkerId worker) const
{
    const WorkerSlot& slot = header_.workers[worker];
    return book_.leader.pid != 0 && book_.slot == worker && !slot.ending &&
           slot.process == book_.leader;
}

bool Lease::is_led(int64_t ticks_ms) const
{
    return is_led_by(book_.slot) && ticks_ms < book_.until_ms;
}

Lease::Taken Lease::take(Transaction& tx, WorkerId worker, int64_t ticks_ms,
                         int64_t lease_ms) const
{
    const bool leads = is_led_by(worker);
    if (!leads) {
        if (is_led(ticks_ms)) {
            return Taken::not_taken;
        }
        const WorkerSlot& slot = header_.workers[worker];
        tx.set(book_.slot, worker);
        tx.set(book_.leader.started, slot.process.started);
        tx.set(book_.leader.pid, slot.process.pid);
    }
    tx.set(book_.until_ms, ticks_ms + lease_ms);
    return leads ? Taken::renewed : Taken::anew;
}

void Lease::give_up(Transaction& tx, WorkerId worker) const
{
    if (is_led_by(worker)) {
        tx.set(book_.leader.pid, 0);
    }
}

} // namespace ws_pubsub
