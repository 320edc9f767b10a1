#include "readers/events.hpp"

#include <algorithm>
#include <utility>

#include "json/writer.hpp"
#include "readers/interests.hpp"
#include "topics/eviction.hpp"
#include "topics/publishing.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

// About what an event takes beside the text, and its topic when it is new.
constexpr size_t kEventBytes = 512;

// Writes of an event, at most: those of its message and, where it is new, of
// its topic; and for each worker that reads it, or is to read it from now on.
constexpr size_t kWrites = 256;
constexpr size_t kWritesPerReader = 8;
constexpr size_t kWritesPerNewReader = 24;

size_t most_writes(const Topic* topic, const ZoneHeader& header)
{
    size_t writes = kWrites;
    if (topic == nullptr || topic->epoch == 0) {
        for (const WorkerSlot& slot : header.workers) {
            writes += slot.selectors != nullptr ? kWritesPerNewReader : 0;
        }
    }
    if (topic != nullptr) {
        writes += count_interests(*topic) * kWritesPerReader;
    }
    return writes;
}

} // namespace

std::string_view path_of(EventTopic topic)
{
    constexpr std::string_view kPaths[kEventTopics] = {
        "$events/sessions", "$events/topics", "$events/publishes"};
    return kPaths[index_of(topic)];
}

void Events::append_time(std::string& text) const
{
    JsonWriter(text).name("time").number(
        static_cast<uint64_t>(access_.clock.now_ms()));
}

bool Events::make_room(Transaction& tx, size_t bytes)
{
    const size_t wanted = bytes + kEventBytes;
    const size_t to_leave = std::min<size_t>(
        access_.memory.free_bytes(), Shares(header_, tx).kept_from_messages());
    Eviction eviction(topics_, tx, wanted);
    const auto has_room = [&] {
        if (access_.memory.free_bytes() < to_leave + wanted) {
            return false;
        }
        const bool has = tx.allocate(wanted) != nullptr;
        tx.rollback();
        return has;
    };
    return try_with_room(has_room, [&] { return eviction.evict_some(); });
}

void Events::lose(Transaction& tx, EventTopic topic)
{
    EventBook& book = header_.events;
    uint64_t& untold = book.untold[index_of(topic)];
    tx.set(book.lost, book.lost + 1);
    tx.set(untold, untold + 1);
}

// False, and nothing has changed: there is no room.
bool Events::add(Transaction& tx, EventTopic topic, const std::string& text)
{
    Change change;
    change.topic = path_of(topic);
    change.kind = PayloadKind::json;
    change.payload = text;
    change.policy = rules_.policies[index_of(topic)];
    change.now_ms = access_.clock.now_ms();
    change.ticks_ms = access_.clock.ticks_ms();
    if (tx.writes_left() <
        most_writes(topics_.records.find(change.topic), header_)) {
        return false;
    }
    const uint32_t mark = tx.mark();
    if (!Publishing(topics_, tx, change).add()) {
        tx.rollback_to(mark);
        return false;
    }
    return true;
}

// The courier finds out by itself what has come since it was woken.
void Events::wake_courier(Transaction& tx)
{
    CourierBook& courier = header_.events.courier;
    const LeaseBook& lease = courier.lease;
    if (lease.leader.pid != 0 && !courier.news) {
        tx.set(courier.news, true);
        tx.wake(lease.slot, header_.workers[lease.slot].wake);
    }
}

void Events::publish(Transaction& tx, EventTopic topic, std::string text,
                     bool room)
{
    uint64_t& untold = header_.events.untold[index_of(topic)];
    JsonWriter out(text);
    if (untold > 0) {
        out.name("lost").number(untold);
    }
    out.end_object();
    if (!room || !add(tx, topic, text)) {
        return lose(tx, topic);
    }
    if (untold > 0) {
        tx.set(untold, uint64_t{0});
    }
    wake_courier(tx);
    unsettled_ |= 1U << index_of(topic);
}

void Events::publish(Transaction& tx, const Change& change, const Position& at,
                     bool room)
{
    if (!rules_.publishes || is_reserved(change.topic) ||
        !rules_.publishes->matches(change.topic)) {
        return;
    }
    const ChangeAuthor author =
        change.author == nullptr ? ChangeAuthor() : *change.author;
    std::string text;
    JsonWriter out(text);
    out.begin_object().name("event").string("publish");
    out.name("topic").string(change.topic).members(append_position, at);
    out.name("size").number(change.payload.size());
    out.name("session").string(author.session);
    out.name("user").string(author.user);
    out.name("identity").string(author.identity);
    append_time(text);
    publish(tx, EventTopic::publishes, std::move(text), room);
}

void Events::settle(Transaction& tx)
{
    tx.commit();
    for (size_t i = 0; i < kEventTopics; i++) {
        Topic* topic =
            (unsettled_ >> i & 1U) == 0
                ? nullptr
                : topics_.records.find(path_of(static_cast<EventTopic>(i)));
        if (topic != nullptr) {
            topics_.tidying.tidy(tx, *topic, Tidying::kBeside);
        }
    }
    unsettled_ = 0;
}

} // namespace ws_pubsub
