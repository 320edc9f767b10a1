#include "readers/topic_presence.hpp"

#include <new>

#include "topics/shares.hpp"

namespace ws_pubsub {

TopicPresence* make_topic_presence(ZoneHeader& header, Transaction& tx,
                                   Topic& topic)
{
    if (topic.presence == nullptr) {
        void* block = tx.allocate(sizeof(TopicPresence));
        if (block == nullptr) {
            return nullptr;
        }
        auto* presence = new (block) TopicPresence{};
        presence->next_pos = 1;
        Shares(header, tx).hold(sizeof(TopicPresence));
        tx.set(topic.presence, presence);
    }
    return topic.presence;
}

// Without interests there is no cursor of its events.
void free_idle_presence(ZoneHeader& header, Transaction& tx, Topic& topic)
{
    const TopicPresence* presence = topic.presence;
    if (presence == nullptr || topic.interests != nullptr ||
        presence->people != nullptr || presence->head != nullptr ||
        presence->occupancy != nullptr || presence->own != 0) {
        return;
    }
    Shares(header, tx).let_go(sizeof(TopicPresence));
    tx.release(topic.presence);
    tx.set(topic.presence, nullptr);
}

} // namespace ws_pubsub
