// The log of a topic: append at the tail, trim at the head.
//
// An item stays as long as the policy keeps it or an interested worker has
// not read it. All but the retained values are also in the zone's age list,
// in the order in which they may be evicted; an item's turn there never comes
// before that of the items ahead of it in its own topic.
#pragma once

#include "shm/layout.hpp"
#include "shm/transaction.hpp"

namespace ws_pubsub {

class TopicLog {
public:
    TopicLog(ZoneHeader& header, Transaction& tx) : header_(header), tx_(tx) {}

    // Links `item` (filled but for links and position) at the tail.
    void append(Topic& topic, Item& item);
    // Lets go of all that nobody needs any more.
    void trim(Topic& topic);
    // Lets the newest message go as soon as it is read.
    void age_value(Topic& topic);
    // Frees the oldest item of the zone that is no retained value; false when
    // there is none. Its bytes are added to `freed`.
    bool evict_oldest(size_t& freed);

    // Whether the topic's policy keeps the item.
    static bool is_kept(const Topic& topic, const Item& item);
    // The first item whose position is > `pos`; nullptr if none.
    static Item* first_after(Topic& topic, uint64_t pos);
    // The newest message, if the policy retains it.
    static Item* value(Topic& topic);

private:
    void age(Item& item);
    void drop_head(Topic& topic);

    ZoneHeader& header_;
    Transaction& tx_;
};

} // namespace ws_pubsub
