#include "readers/presence_events.hpp"

#include <algorithm>
#include <cstring>

#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

// Of more than this a worker that does not read loses the oldest.
constexpr uint32_t kMaxUnreadEvents = 1024;

} // namespace

PresenceEvent* PresenceEvents::make(Transaction& tx, std::string_view identity,
                                    bool join)
{
    void* block = tx.allocate(sizeof(PresenceEvent) + identity.size());
    if (block == nullptr) {
        return nullptr;
    }
    auto* event = new (block) PresenceEvent{};
    event->identity_bytes = static_cast<uint16_t>(identity.size());
    std::memcpy(event + 1, identity.data(), identity.size());
    event->join = join;
    Shares(header_, tx).hold(event->bytes());
    return event;
}

void PresenceEvents::append(Transaction& tx, Topic& topic, PresenceEvent& event)
{
    TopicPresence& presence = *topic.presence;
    tx.set(event.pos, presence.next_pos);
    tx.set(presence.next_pos, presence.next_pos + 1);
    tx.set(presence.unread, presence.unread + 1);
    if (presence.tail != nullptr) {
        tx.set(presence.tail->next, &event);
    } else {
        tx.set(presence.head, &event);
    }
    tx.set(presence.tail, &event);
}

void PresenceEvents::drop_head(Transaction& tx, TopicPresence& presence)
{
    PresenceEvent* head = presence.head;
    tx.set(presence.head, head->next);
    if (head->next == nullptr) {
        tx.set(presence.tail, nullptr);
    }
    tx.set(presence.unread, presence.unread - 1);
    Shares(header_, tx).let_go(head->bytes());
    tx.release(head);
    tx.commit();
}

bool PresenceEvents::trim_some(Transaction& tx, Topic& topic, size_t& steps)
{
    TopicPresence& presence = *topic.presence;
    uint64_t read = UINT64_MAX;
    for (const Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (!interest->is_dropped()) {
            read = std::min(read, interest->presence_cursor);
        }
    }
    while (presence.head != nullptr &&
           (presence.head->pos <= read || presence.unread > kMaxUnreadEvents)) {
        if (steps == 0) {
            return false;
        }
        steps--;
        drop_head(tx, presence);
    }
    return true;
}

void PresenceEvents::read(Transaction& tx, Interest& interest,
                          std::vector<PresenceChange>& out)
{
    const TopicPresence* presence = interest.topic->presence;
    if (presence == nullptr ||
        interest.presence_cursor + 1 == presence->next_pos) {
        return;
    }
    for (PresenceEvent* event = presence->head; event != nullptr;
         event = event->next) {
        if (event->pos > interest.presence_cursor) {
            out.push_back({event->join, std::string(event->identity())});
        }
    }
    tx.set(interest.presence_cursor, presence->next_pos - 1);
}

} // namespace ws_pubsub
