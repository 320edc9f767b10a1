// The log of a topic: append at the tail, trim at the head.
//
// An item stays as long as the policy keeps it or an interested worker has
// not read it, unless it is older than the policy's ttl. All but the retained
// values are also in the zone's age list, in the order in which they may be
// evicted; an item's turn there never comes before that of the items ahead of
// it in its own topic.
#pragma once

#include "shm/transaction.hpp"
#include "topics/layout.hpp"
#include "topics/readers.hpp"

namespace ws_pubsub {

class TopicLog {
public:
    TopicLog(TopicsHeader& header, Transaction& tx) : header_(header), tx_(tx)
    {}

    // Links `item` (filled but for links and position) at the tail.
    void append(Topic& topic, Item& item);
    // Links `item`, which is complete but for its links, at the head of a log
    // that is being restored; its turn to be evicted is for make_evictable().
    void prepend(Topic& topic, Item& item);
    void make_evictable(Item& item) { age(item); }
    // Lets go of what nobody needs any more; each item takes one of `steps`.
    // False: there is more.
    bool trim(Topic& topic, const Readers& readers, size_t& steps);
    // Copies the value to the block, which takes its place; returns where it
    // was. REQUIRES: the policy retains the newest message, which is there.
    void* move_value(Topic& topic, void* block);
    // Lets the newest message go as soon as it is read.
    void age_value(Topic& topic);
    // Frees the oldest item of the zone that is no retained value; false when
    // there is none. Its bytes are added to `freed`.
    bool evict_oldest(size_t& freed);
    // Frees messages that are too old, `most` at a time; returns how many.
    size_t drop_expired(Topic& topic, int64_t ticks_ms, size_t most);
    // Frees the first item. REQUIRES: there is one.
    void drop_head(Topic& topic);
    // The same to make room, and commits.
    void evict_head(Topic& topic);

    // How many items came after it.
    static uint64_t behind(const Topic& topic, const Item& item)
    {
        return topic.next_pos - 1 - item.pos;
    }
    // Whether it is of this life of the topic: positions go in step with seqs.
    static bool is_current(const Topic& topic, const Item& item)
    {
        return behind(topic, item) < topic.seq;
    }
    // Whether the topic's policy keeps the item.
    static bool is_kept(const Topic& topic, const Item& item);
    // The first item whose position is > `pos`; nullptr if none.
    static Item* first_after(Topic& topic, uint64_t pos);
    // `item`, or the first behind it that is not too old; nullptr if none.
    static Item* skip_expired(const Topic& topic, Item* item, int64_t ticks_ms);
    // The newest message, if the policy retains it and it is not too old.
    static Item* value(const Topic& topic, int64_t ticks_ms);
    // Whether the topic exists, as Condition says it; nullptr: it has no
    // record.
    static bool exists(const Topic* topic, int64_t ticks_ms);

private:
    void age(Item& item);

    TopicsHeader& header_;
    Transaction& tx_;
};

} // namespace ws_pubsub
