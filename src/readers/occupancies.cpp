#include "readers/occupancies.hpp"

#include <new>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "json/writer.hpp"
#include "readers/topic_presence.hpp"
#include "shm/list.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

using Vacant = ZoneList<&Occupancy::prev, &Occupancy::next>;

// Topics that are told of in one hold of the lock.
constexpr size_t kEndsPerLock = 16;

} // namespace

std::string Occupancies::text_of(std::string_view event,
                                 std::string_view topic) const
{
    std::string text;
    JsonWriter out(text);
    out.begin_object().name("event").string(event);
    out.name("topic").string(topic);
    events_.append_time(text);
    return text;
}

bool Occupancies::has_subscribers(const Topic& topic) const
{
    for (const Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (interest->subscribers > 0 && !interest->is_dropped() &&
            !header_.workers[interest->worker].ending) {
            return true;
        }
    }
    return false;
}

bool Occupancies::expect_event(Transaction& tx, Topic& topic)
{
    return !events_.tells_of(topic.path()) ||
           events_.make_room(tx, sizeof(Occupancy) + sizeof(TopicPresence) +
                                     topic.path_bytes);
}

void Occupancies::look(Transaction& tx, Topic& topic, bool room, bool begins)
{
    const bool occupied = has_subscribers(topic);
    if (!is_new(topic)) {
        if (topic.presence->occupancy->vacant == occupied) {
            set_vacant(tx, *topic.presence->occupancy, !occupied);
        }
    } else if (occupied && events_.tells_of(topic.path())) {
        begin(tx, topic, room, begins);
    }
}

// nullptr when there is no room for what is there for subscribers alone.
Occupancy* Occupancies::make(Transaction& tx, Topic& topic)
{
    TopicPresence* presence = make_topic_presence(header_, tx, topic);
    void* block =
        presence == nullptr ? nullptr : tx.allocate(sizeof(Occupancy));
    if (block == nullptr) {
        return nullptr;
    }
    auto* occupancy = new (block) Occupancy{};
    occupancy->topic = &topic;
    tx.set(presence->occupancy, occupancy);
    Shares shares(header_, tx);
    shares.hold(sizeof(Occupancy));
    return shares.is_within() ? occupancy : nullptr;
}

// Where there was no room for its record each change is another try.
void Occupancies::begin(Transaction& tx, Topic& topic, bool room, bool begins)
{
    const uint32_t mark = tx.mark();
    if (make(tx, topic) == nullptr) {
        tx.rollback_to(mark);
        if (begins) {
            events_.lose(tx, EventTopic::topics);
        }
        return;
    }
    events_.publish(tx, EventTopic::topics, text_of("occupied", topic.path()),
                    room);
}

void Occupancies::set_vacant(Transaction& tx, Occupancy& occupancy, bool vacant)
{
    EventBook& book = header_.events;
    tx.set(occupancy.vacant, vacant);
    if (vacant) {
        tx.set(occupancy.vacant_since_ms, access_.clock.ticks_ms());
        Vacant::push_back(tx, book.vacant_head, book.vacant_tail, occupancy);
    } else {
        Vacant::remove(tx, book.vacant_head, book.vacant_tail, occupancy);
    }
}

// Commits.
void Occupancies::end(Transaction& tx, Occupancy& occupancy)
{
    Topic& topic = *occupancy.topic;
    std::string text = text_of("vacated", topic.path());
    const bool room = events_.make_room(tx, text.size());
    EventBook& book = header_.events;
    Vacant::remove(tx, book.vacant_head, book.vacant_tail, occupancy);
    tx.set(topic.presence->occupancy, nullptr);
    Shares(header_, tx).let_go(sizeof(Occupancy));
    tx.release(&occupancy);
    free_idle_presence(header_, tx, topic);
    events_.publish(tx, EventTopic::topics, std::move(text), room);
    topics_.tidying.commit_or_free(tx, topic, Tidying::kBeside);
    events_.settle(tx);
}

bool Occupancies::end_vacancies(Transaction& tx, int64_t ticks_ms)
{
    for (size_t i = 0; i < kEndsPerLock; i++) {
        Occupancy* first = header_.events.vacant_head;
        if (first == nullptr ||
            ticks_ms - first->vacant_since_ms < kPresenceGraceMs) {
            return false;
        }
        end(tx, *first);
    }
    return true;
}

} // namespace ws_pubsub
