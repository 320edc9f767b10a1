// Which worker reads which topic, and how far it has.
//
// A worker has one Interest in each topic that its sessions are subscribed to.
// It makes those itself, or a topic that comes to be does, because of a
// selector: these are unclaimed until the worker finds them in its inbox.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "readers/layout.hpp"
#include "readers/occupancies.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// The interests in a topic.
inline size_t count_interests(const Topic& topic)
{
    size_t count = 0;
    for (const Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        count++;
    }
    return count;
}

struct AddedInterest {
    Interest* interest = nullptr; // stays valid until drop()
    Position newest;
    bool unread = false; // messages up to `newest` are still in the inbox
};

struct SubscriberCount {
    Interest* interest;
    uint32_t sessions;
};

class Interests {
public:
    Interests(ZoneAccess& access, ZoneHeader& header, TopicParts& topics,
              Occupancies& occupancies)
        : access_(access), header_(header), topics_(topics),
          occupancies_(occupancies)
    {}

    // Each of these takes the lock.
    // Messages from now on will arrive, and those that a still unclaimed
    // interest has waiting. No interest when there is no room for subscribers.
    AddedInterest add(WorkerId worker, std::string_view path, uint64_t token);
    void claim(Interest& interest, uint64_t token);
    void drop(Interest& interest);
    // Only if the topic is not there, nobody is present in it and nothing is
    // unread; else false.
    bool drop_if_gone(Interest& interest);
    void set_subscribers(std::span<const SubscriberCount> counts);

    // These REQUIRE it.
    // One more, which is not counted in the zone's shares yet; nullptr when the
    // zone is full.
    Interest* make(Transaction& tx, Topic& topic, WorkerId worker);
    void count_new(Transaction& tx, const Topic& topic, size_t count);
    // Commits. REQUIRES: the interest is not in an inbox.
    void free(Transaction& tx, Interest& interest);
    // The topic has come to be, or has ceased to: so the shares count what its
    // readers take differently.
    void appeared(Transaction& tx, const Topic& topic);
    void disappeared(Transaction& tx, const Topic& topic);
    // Position up to which every interested worker has read.
    [[nodiscard]] static uint64_t read_by_all(const Topic& topic)
    {
        uint64_t cursor = UINT64_MAX;
        for (const Interest* interest = topic.interests; interest != nullptr;
             interest = interest->topic_next) {
            if (!interest->is_dropped() && interest->cursor < cursor) {
                cursor = interest->cursor;
            }
        }
        return cursor;
    }

private:
    bool set_subscribers(Transaction& tx, const SubscriberCount& count);
    Interest* find_or_make(Transaction& tx, Topic& topic, WorkerId worker);
    void leave_to_inbox(Transaction& tx, Interest& interest);

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
    Occupancies& occupancies_;
};

} // namespace ws_pubsub
