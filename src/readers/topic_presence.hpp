// What a topic has beside its log, made when it is first needed.
#pragma once

#include "readers/layout.hpp"
#include "shm/transaction.hpp"

namespace ws_pubsub {

// The topic's; nullptr when the zone is full.
TopicPresence* make_topic_presence(ZoneHeader& header, Transaction& tx,
                                   Topic& topic);

// Frees it where it says nothing any more, and nobody has read events there. No
// effect else. REQUIRES the lock.
void free_idle_presence(ZoneHeader& header, Transaction& tx, Topic& topic);

} // namespace ws_pubsub
