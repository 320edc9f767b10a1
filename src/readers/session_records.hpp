// The sessions that were told of in events. Each has a record in the zone, so
// that also those of a worker that dies are told to have ended.
//
// Where there is no room for a record nothing is told of the session, which are
// two events that are lost.
//
// Each takes the lock, but for those that say so.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "readers/events.hpp"
#include "readers/layout.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"

namespace ws_pubsub {

struct SessionCounts {
    uint64_t in = 0;
    uint64_t out = 0;
};

class SessionRecords {
public:
    SessionRecords(ZoneAccess& access, ZoneHeader& header, Events& events)
        : access_(access), header_(header), events_(events)
    {}

    // Tells that a session has begun. `about`: members of a JSON object, which
    // tell which one; they come with both of its events. nullptr: there is no
    // room for its record.
    SessionRecord* open(WorkerId worker, std::string_view about);
    // Tells that it has ended; without its record that is lost, too.
    void close(SessionRecord* record, uint16_t code,
               const SessionCounts& counts);

    // REQUIRES the lock, and a record in the slot, whose worker has ended. The
    // session of the first one ended with it. Commits.
    void end_first(Transaction& tx, WorkerSlot& slot);

private:
    SessionRecord* make(Transaction& tx, WorkerId worker,
                        std::string_view about);
    void end(Transaction& tx, SessionRecord& record, uint16_t code,
             const std::optional<SessionCounts>& counts);

    ZoneAccess& access_;
    ZoneHeader& header_;
    Events& events_;
};

} // namespace ws_pubsub
