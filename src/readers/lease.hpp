// That one worker at a time does something for its zone: it leads.
//
// A worker leads as long as it renews its lease. One that hangs loses it when
// the lease is over, one that ends when its slot is freed. So two of them may
// do the same for a short time, where one that hung goes on.
//
// All REQUIRE the lock.
#pragma once

#include <cstdint>

#include "readers/layout.hpp"
#include "shm/transaction.hpp"

namespace ws_pubsub {

class Lease {
public:
    Lease(ZoneHeader& header, LeaseBook& book) : header_(header), book_(book) {}

    [[nodiscard]] bool is_led_by(WorkerId worker) const;
    // By anybody who has not hung since.
    [[nodiscard]] bool is_led(int64_t ticks_ms) const;

    enum class Taken : uint8_t { not_taken, renewed, anew };
    Taken take(Transaction& tx, WorkerId worker, int64_t ticks_ms,
               int64_t lease_ms) const;
    // No effect if another one leads.
    void give_up(Transaction& tx, WorkerId worker) const;

private:
    ZoneHeader& header_;
    LeaseBook& book_;
};

} // namespace ws_pubsub
