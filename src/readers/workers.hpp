// The slots of a zone's workers: who has one, and what becomes of what he held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/process.hpp"
#include "readers/inboxes.hpp"
#include "readers/layout.hpp"
#include "readers/orders.hpp"
#include "readers/presence.hpp"
#include "readers/selectors.hpp"
#include "readers/session_records.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"

namespace ws_pubsub {

class Workers {
public:
    Workers(ZoneAccess& access, ZoneHeader& header, Interests& interests,
            Inboxes& inboxes, Selectors& selectors, Presence& presence,
            Orders& orders, SessionRecords& sessions)
        : access_(access), header_(header), interests_(interests),
          inboxes_(inboxes), selectors_(selectors), presence_(presence),
          orders_(orders), sessions_(sessions)
    {}

    // Takes a slot; nullopt when there is none. Others wake its worker by
    // `wake`, which the Waker understands; -1: nothing does.
    std::optional<WorkerId> attach(const ProcessId& process, int wake = -1);
    // Gives it back, and frees what it holds.
    void detach(WorkerId worker);
    // Whether somebody is there who was begun later, by a second or more: who
    // goes on when this one ends.
    bool has_successor(WorkerId worker);
    // Begins to free the slots of workers of which `is_alive` says false;
    // returns how many there were.
    size_t reap_dead(bool (*is_alive)(const ProcessId& process));
    // Goes on with that, for one turn of the event loop. True: there is more.
    bool reap_some();
    // False when the zone has `limit` sessions already (0: no limit).
    bool open_session(WorkerId worker, uint64_t limit);
    // These two do without the lock; the counters are for the worker itself to
    // write.
    void close_session(WorkerId worker);
    WorkerCounters& counters(WorkerId worker);

private:
    void end_slot(Transaction& tx, WorkerSlot& slot);
    bool free_some(Transaction& tx, WorkerSlot& slot, size_t& steps);
    bool reap_step();

    ZoneAccess& access_;
    ZoneHeader& header_;
    Interests& interests_;
    Inboxes& inboxes_;
    Selectors& selectors_;
    Presence& presence_;
    Orders& orders_;
    SessionRecords& sessions_;
};

} // namespace ws_pubsub
