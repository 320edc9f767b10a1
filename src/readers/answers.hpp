// What came of changes that this host's workers have appended to a log, passed
// on from whoever applies its entries to the worker that waits.
//
// Thread safety: one thread a process; any number of processes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "readers/layout.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/change.hpp"

namespace ws_pubsub {

struct NumberedAnswer {
    uint64_t number = 0;
    Result<ChangeAnswer> result = ChangeAnswer{};
};

class Answers {
public:
    Answers(ZoneAccess& access, ZoneHeader& header)
        : access_(access), header_(header)
    {}

    // The worker will append as `origin`. False: the zone is full.
    bool open(WorkerId worker, uint64_t origin);
    // Whether there are answers after that number, without the lock: to be
    // asked after it was woken.
    [[nodiscard]] bool has_any(WorkerId worker, uint64_t after) const;
    // Appends them, by their numbers: of the last kAnswerCells ones.
    void read(WorkerId worker, uint64_t after,
              std::vector<NumberedAnswer>& out) const;

    // These REQUIRE the lock.
    // Wakes the worker. No effect if no worker here is of that origin.
    void put(Transaction& tx, uint64_t origin, uint64_t number,
             const Result<ChangeAnswer>& result);
    // Of a slot that ends.
    static void free(Transaction& tx, WorkerSlot& slot);

private:
    ZoneAccess& access_;
    ZoneHeader& header_;
};

} // namespace ws_pubsub
