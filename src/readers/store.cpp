#include "readers/store.hpp"

#include <bit>

#include "topics/shares.hpp"
#include "topics/wheel.hpp"

namespace ws_pubsub {

namespace {

// One bucket for so many bytes of zone.
constexpr size_t kZoneBytesPerBucket = 512;
constexpr size_t kZoneBytesPerKeyBucket = 4096;
constexpr size_t kZoneBytesPerSelectorBucket = 1024;
constexpr size_t kZoneBytesPerPresenceBucket = 4096;

// The share of the spare block.
constexpr size_t kSpareShare = 64;

// Holds of the lock before others get their turn.
constexpr size_t kLocksPerTurn = 16;

// Hands out the parts of one piece of memory, all of them 8-byte aligned.
class Pieces {
public:
    explicit Pieces(void* start) : at_(static_cast<char*>(start)) {}

    template <class T>
    T* take(size_t count)
    {
        static_assert(sizeof(T) % 8 == 0);
        char* piece = at_;
        at_ += count * sizeof(T);
        return reinterpret_cast<T*>(piece);
    }

private:
    char* at_;
};

} // namespace

ZoneHeader* Store::create(Memory& memory, size_t zone_bytes, const HashKey& key,
                          const Clock& clock)
{
    const size_t buckets = std::bit_floor(zone_bytes / kZoneBytesPerBucket);
    const size_t keys = std::bit_floor(zone_bytes / kZoneBytesPerKeyBucket);
    const size_t selectors =
        std::bit_floor(zone_bytes / kZoneBytesPerSelectorBucket);
    const size_t people =
        std::bit_floor(zone_bytes / kZoneBytesPerPresenceBucket);
    void* tables =
        memory.create(sizeof(ZoneHeader) + sizeof(UndoLog) +
                      (buckets + keys + selectors + people) * sizeof(void*));
    if (tables == nullptr) {
        return nullptr;
    }
    Pieces pieces(tables);
    auto* header = pieces.take<ZoneHeader>(1);
    header->undo = pieces.take<UndoLog>(1);
    header->buckets = pieces.take<Topic*>(buckets);
    header->bucket_count = buckets;
    header->key_buckets = pieces.take<KeyRecord*>(keys);
    header->key_bucket_count = keys;
    header->selector_buckets = pieces.take<SelectorNode*>(selectors);
    header->selector_bucket_count = selectors;
    header->presence_buckets = pieces.take<Present*>(people);
    header->presence_bucket_count = people;
    header->magic = kZoneMagic;
    header->layout_version = kLayoutVersion;
    header->header_bytes = sizeof(ZoneHeader);
    header->zone_bytes = zone_bytes;
    header->spare_bytes = zone_bytes / kSpareShare;
    header->hash_key = key;
    header->wheel.tick = TimingWheel::tick_of(clock.ticks_ms());
    // Epochs of a zone made later are different: in microseconds, no zone
    // makes topics faster than time goes by.
    header->next_epoch = static_cast<uint64_t>(clock.now_ms()) * 1000;
    Transaction tx(memory, *header);
    Shares(*header, tx).divide(zone_bytes, {});
    tx.set(header->spare, tx.allocate(header->spare_bytes));
    return header;
}

std::optional<std::string_view> Store::check(const ZoneHeader& header)
{
    if (header.magic != kZoneMagic) {
        return "is not a ws_pubsub zone";
    }
    if (header.layout_version != kLayoutVersion ||
        header.header_bytes != sizeof(ZoneHeader)) {
        return "was laid out by another version of the module";
    }
    return std::nullopt;
}

void Store::divide(const SharePercents& percents)
{
    Transaction tx(access_);
    Shares(header_, tx).divide(header_.zone_bytes, percents);
}

Store::Store(Memory& memory, Waker& waker, ZoneHeader& header,
             const Clock& clock)
    : access_{memory, header, clock, Wakes(waker)}, header_(header),
      presence_events_(header), topics(access_, header, *this),
      revocations(access_, header, topics.parts()),
      events(access_, header, topics.parts()),
      occupancies(access_, header, topics.parts(), events),
      sessions(access_, header, events),
      courier(access_, header, topics.parts()),
      snapshots(access_, header, topics.parts(), revocations, courier),
      following(access_, header), answers(access_, header),
      interests(access_, header, topics.parts(), occupancies),
      inboxes(access_, header, topics.parts(), interests, presence_events_),
      resuming(access_, header, inboxes), selectors(access_, header, interests),
      own_people(access_, header, topics.parts()),
      presence(access_, header, topics.parts(), inboxes, selectors,
               presence_events_, own_people),
      people(access_, header, topics.parts(), own_people, presence),
      orders(access_, header, topics.parts()),
      workers(access_, header, interests, inboxes, selectors, presence, orders,
              sessions)
{}

ZoneStatus Store::status()
{
    Transaction tx(access_);
    ZoneStatus status;
    status.zone_bytes = header_.zone_bytes;
    status.free_bytes = access_.memory.free_bytes();
    status.totals = header_.totals;
    status.repairs = header_.repairs;
    status.deliveries = header_.ended;
    status.shares = header_.shares;
    status.revocations = header_.revocations.count;
    status.events_lost = header_.events.lost;
    status.courier = courier.status();
    status.snapshots = snapshots.status();
    status.cluster = following.status();
    for (size_t i = 0; i < kKeyShares; i++) {
        status.key_bytes[i] = header_.keys[i].bytes;
    }
    for (const WorkerSlot& slot : header_.workers) {
        if (slot.process.pid != 0 && !slot.ending) {
            status.workers++;
            status.sessions += slot.counters.sessions.get();
            status.subscriptions += slot.counters.subscriptions.get();
            status.deliveries.delivered += slot.counters.delivered.get();
            status.deliveries.conflated += slot.counters.conflated.get();
            status.deliveries.slow += slot.counters.slow.get();
            status.deliveries.refused_subscriptions +=
                slot.counters.refused_subscriptions.get();
            status.hooks_pending += slot.counters.hooks_pending.get();
            status.deliveries.hooks += slot.counters.hooks.get();
            status.deliveries.hooks_denied += slot.counters.hooks_denied.get();
            status.deliveries.hooks_failed += slot.counters.hooks_failed.get();
            status.deliveries.resent += slot.counters.resent.get();
            status.deliveries.unavailable += slot.counters.unavailable.get();
            status.deliveries.unknown += slot.counters.unknown.get();
            status.pending += slot.counters.pending.get();
        }
    }
    return status;
}

bool Store::expire(int64_t ticks_ms)
{
    bool more = true;
    for (size_t i = 0; i < kLocksPerTurn && more; i++) {
        Transaction tx(access_);
        revocations.look_after(tx, ticks_ms);
        more = people.end_some(tx);
        more |= presence.end_absences(tx, ticks_ms);
        more |= occupancies.end_vacancies(tx, ticks_ms);
        more |= topics.look_after(tx, ticks_ms);
        more |= orders.look_after(tx, ticks_ms);
    }
    more |= workers.reap_some();
    return more;
}

bool Store::appeared(Transaction& tx, Topic& topic)
{
    interests.appeared(tx, topic);
    if (!selectors.tell(tx, topic)) {
        return false;
    }
    occupancies.changed(tx, topic, true, true);
    return true;
}

void Store::disappeared(Transaction& tx, Topic& topic)
{
    interests.disappeared(tx, topic);
}

uint32_t Store::changed(Transaction& tx, Topic& topic)
{
    return inboxes.changed(tx, topic);
}

bool Store::published(Transaction& tx, const Change& change, const Position& at,
                      bool room)
{
    if (events.tells_publishes()) {
        events.publish(tx, change, at, room);
    }
    return events.are_unsettled();
}

bool Store::wanted(Topic& topic)
{
    return selectors.match(topic);
}

uint64_t Store::read_by_all(const Topic& topic) const
{
    return Interests::read_by_all(topic);
}

bool Store::tidy(Transaction& tx, Topic& topic, size_t& steps)
{
    return presence_events_.trim(tx, topic, steps);
}

bool Store::let_go(Transaction& tx, Topic& topic)
{
    return presence.let_go(tx, topic);
}

} // namespace ws_pubsub
