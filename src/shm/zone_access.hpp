// With what a process works on a zone: one object for each zone that it has
// open, which all that work on it share.
#pragma once

#include "base/clock.hpp"
#include "shm/memory.hpp"
#include "shm/wakes.hpp"
#include "shm/zone_base.hpp"

namespace ws_pubsub {

struct ZoneAccess {
    Memory& memory;
    ZoneBase& zone;
    const Clock& clock;
    Wakes wakes; // that the transaction at hand brings with it
};

} // namespace ws_pubsub
