// What the broker knows of a session: its place among subscriptions, deliveries
// and queues.
//
// It lies in the session, so that a delivery finds it beside the outbox, but is
// the broker's: nobody else changes it.
#pragma once

#include <cstdint>
#include <memory>

#include "broker/catch_up_ring.hpp"
#include "broker/subscriptions.hpp"
#include "broker/tracks.hpp"

namespace ws_pubsub {

struct Overlap;
struct Review;

// Whether more waits for a session than its queue takes.
enum class Lag : uint8_t {
    none,
    overflown,  // by what is being delivered
    waited_for, // deliveries wait for it, or did; it has had no room since
};

struct Seat {
    // Whether some subscription waits for room in the outbox.
    [[nodiscard]] bool is_catching_up() const
    {
        return catching_up.first() != nullptr;
    }

    // What a delivery needs comes first.
    uint64_t stamp = 0; // of the last pass over sessions that has met it
    std::unique_ptr<Tracks> tracks; // null while it has none
    CatchUpRing catching_up;
    Lag lag = Lag::none;      // set by Laggards
    bool listed = false;      // is in the queue of those that have more to get
    bool starves = false;     // as it catches up: the zone has no room
    Review* review = nullptr; // that goes on; null: none

    Subscriptions subscriptions;
    Overlap* overlap = nullptr; // of its subscriptions; null: none
};

} // namespace ws_pubsub
