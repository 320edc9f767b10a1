// A zone as its workers use it: its topics, and who reads them on this host.
//
// One object in each process, over the one shared ZoneHeader. It only puts the
// parts together; whatever is done with a zone is done by one of them. What
// they hand out of the zone (an Interest, a SelectorRecord, a worker's
// counters) is a reference into it, which its own worker keeps and gives back.
//
// Thread safety: one thread a process; any number of processes.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "readers/answers.hpp"
#include "readers/courier.hpp"
#include "readers/events.hpp"
#include "readers/following.hpp"
#include "readers/inboxes.hpp"
#include "readers/interests.hpp"
#include "readers/layout.hpp"
#include "readers/occupancies.hpp"
#include "readers/orders.hpp"
#include "readers/own_people.hpp"
#include "readers/people.hpp"
#include "readers/presence.hpp"
#include "readers/resuming.hpp"
#include "readers/selectors.hpp"
#include "readers/session_records.hpp"
#include "readers/snapshots.hpp"
#include "readers/workers.hpp"
#include "shm/memory.hpp"
#include "shm/zone_access.hpp"
#include "topics/readers.hpp"
#include "topics/revocations.hpp"
#include "topics/topics.hpp"

namespace ws_pubsub {

struct ZoneStatus {
    size_t zone_bytes = 0;
    size_t free_bytes = 0;
    TopicTotals totals{};
    uint64_t repairs = 0;
    DeliveryTotals deliveries{};
    ShareBook shares{};
    uint64_t key_bytes[kKeyShares] = {};
    uint64_t sessions = 0;
    uint64_t subscriptions = 0;
    uint64_t hooks_pending = 0;
    uint64_t revocations = 0;
    uint32_t workers = 0;
    uint64_t events_lost = 0;
    CourierStatus courier{};
    SnapshotStatus snapshots{};
    ClusterStatus cluster{};
    uint64_t pending = 0; // changes that are not answered yet
};

class Store final : private Readers {
public:
    // Lays out an empty zone of `zone_bytes`; nullptr when that is too small.
    static ZoneHeader* create(Memory& memory, size_t zone_bytes,
                              const HashKey& key, const Clock& clock);
    // nullopt: the bytes are a zone of this layout. Else what is wrong.
    static std::optional<std::string_view> check(const ZoneHeader& header);

    Store(Memory& memory, Waker& waker, ZoneHeader& header, const Clock& clock);

    // Says who may have how much of the zone from now on.
    void divide(const SharePercents& percents);
    ZoneStatus status();
    [[nodiscard]] size_t zone_bytes() const { return header_.zone_bytes; }
    // By which the ages of what is in the zone are told.
    [[nodiscard]] const Clock& clock() const { return access_.clock; }
    // Does what time brings: messages, idle topics and idempotency keys go,
    // and those leave who are away for too long. And what others left to be
    // done: what nobody needs is freed.
    // To be called about once a second. True: there was too much for one
    // turn; call again, after others had theirs.
    bool expire(int64_t ticks_ms);

private:
    bool appeared(Transaction& tx, Topic& topic) override;
    void displaced(Transaction& tx, Topic& topic, bool doubtful) override
    {
        resuming.displace(tx, topic, doubtful);
    }
    void disappeared(Transaction& tx, Topic& topic) override;
    uint32_t changed(Transaction& tx, Topic& topic) override;
    bool published(Transaction& tx, const Change& change, const Position& at,
                   bool room) override;
    void settle(Transaction& tx) override { events.settle(tx); }
    bool wanted(Topic& topic) override;
    [[nodiscard]] uint64_t read_by_all(const Topic& topic) const override;
    bool tidy(Transaction& tx, Topic& topic, size_t& steps) override;
    bool let_go(Transaction& tx, Topic& topic) override;

    ZoneAccess access_;
    ZoneHeader& header_;
    PresenceEvents presence_events_;

public:
    // The parts, each of which may use those before it.
    Topics topics;
    Revocations revocations;
    Events events;
    Occupancies occupancies;
    SessionRecords sessions;
    Courier courier;
    Snapshots snapshots;
    Following following;
    Answers answers;
    Interests interests;
    Inboxes inboxes;
    Resuming resuming;
    Selectors selectors;
    OwnPeople own_people;
    Presence presence;
    People people; // of other hosts
    Orders orders;
    Workers workers;
};

} // namespace ws_pubsub
