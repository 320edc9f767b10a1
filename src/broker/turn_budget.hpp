// What one turn of the event loop may still do, for all sessions of a worker
// together: who comes when it is used up has its turn later.
#pragma once

#include <cstddef>

#include "base/limits.hpp"

namespace ws_pubsub {

struct TurnBudget {
    size_t inbox_bytes_left = kTurnInboxBytes;      // to deliver
    size_t reached = 0;                             // sessions, by deliveries
    size_t catch_up_bytes_left = kTurnCatchUpBytes; // for single sessions
    size_t scans_left = kTopicsPerTurn; // topics looked at to catch up
    size_t ends_left = kEndsPerTurn;    // of many subscriptions

    [[nodiscard]] bool may_deliver() const
    {
        return inbox_bytes_left > 0 && reached < kReachedPerTurn;
    }
    // A turn that is for the inbox only.
    void begin_inbox()
    {
        inbox_bytes_left = kTurnInboxBytes;
        reached = 0;
    }
    void begin() { *this = {}; }
};

} // namespace ws_pubsub
