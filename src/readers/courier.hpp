// Who carries events to a back end, in order and at least once: one worker at a
// time, the leader; and how far the back end has taken them.
//
// Whoever leads begins with what was not taken. Two of them may carry the same
// for a short time (readers/lease.hpp), but what is taken only ever grows.
//
// Each takes the lock, but for those that say so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "readers/events.hpp"
#include "readers/layout.hpp"
#include "readers/lease.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/batch.hpp"
#include "topics/kept_messages.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

struct CourierStatus {
    uint64_t events = 0; // that were taken
    uint64_t lag = 0;    // events that were not taken yet
    uint64_t lost = 0;   // that were gone before
    uint64_t failures = 0;
    uint64_t leaders = 0; // 1: somebody leads
};

// What is to be carried next of a topic.
struct Parcel {
    Position from;     // what was taken before
    ReadAnswer answer; // what of it is lost
    Batch events;
};

class Courier {
public:
    Courier(ZoneAccess& access, ZoneHeader& header, TopicParts& topics)
        : access_(access), header_(header), topics_(topics)
    {}

    // Takes the lease or renews it. False: another worker leads.
    bool lead(WorkerId worker);
    // Another one may lead. No effect if another one does.
    void give_up(WorkerId worker);
    // Whether the leader was woken for news that it has not looked at yet;
    // without the lock.
    [[nodiscard]] bool may_have_news(WorkerId worker) const;
    // It looks at all of them now.
    void take_news();

    // False: there is nothing to carry of that topic.
    bool read(EventTopic topic, const ReadLimits& limits, Parcel& parcel);
    // The back end has taken what was read, up to `to`. False: somebody else
    // has carried more, or something else.
    bool take(EventTopic topic, const Parcel& parcel);
    void note_failure();

    // How far each topic was taken: what outlives the zone.
    [[nodiscard]] std::vector<Position> marks();
    void restore(const std::vector<Position>& marks);

    // REQUIRES the lock.
    [[nodiscard]] CourierStatus status() const;

private:
    [[nodiscard]] Lease lease() const;

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
};

// The events of a parcel that are gone.
[[nodiscard]] uint64_t lost_of(const Parcel& parcel);

} // namespace ws_pubsub
