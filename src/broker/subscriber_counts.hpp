// How many sessions a topic has on this worker, which the zone adds up: the
// members of its groups, less those of sessions that are in several of them.
//
// The latter, LocalTopic::repeats, are kept from change to change. The zone is
// told at once where few topics are concerned, else a part in each turn.
//
// Invariant: a group is in the list of those to recount if and only if its
// `recount` is set.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "broker/groups.hpp"
#include "broker/passes.hpp"
#include "broker/scheduler.hpp"

namespace ws_pubsub {

class Store;

class SubscriberCounts {
public:
    SubscriberCounts(Store& store, Scheduler& scheduler, Passes& passes)
        : store_(store), scheduler_(scheduler), passes_(passes)
    {}

    // The subscription has become a member of its group. REQUIRES: of its
    // session's subscriptions, so far all the others are counted.
    static void add_member(const Subscription& subscription)
    {
        change_repeats(subscription, +1);
    }
    // It is about to leave its group.
    static void remove_member(const Subscription& subscription)
    {
        change_repeats(subscription, -1);
    }
    // The topic has just become local. From then on its repeats are kept by
    // the two above.
    void count_repeats(LocalTopic& topic);

    // Tells the zone of the group's members, for topics that come to be.
    void tell_members(const Group& group);
    // Tells the zone of the topics' subscribers.
    void tell(std::span<LocalTopic* const> topics);
    // The same for all the group's topics: at once if they are no more than
    // others can wait for; else, once a turn.
    void tell_topics(Group& group);
    // A topic or two are told of at once; many, once a turn.
    void tell_topics_later(Group& group);
    // What a turn does of that. True: there is more.
    bool run();
    // The group goes.
    void forget(Group& group);
    // Gives back memory.
    void shrink() { recount_.shrink_to_fit(); }

private:
    static uint32_t subscribers_of(const LocalTopic& topic);
    static void change_repeats(const Subscription& subscription, int change);

    Store& store_;
    Scheduler& scheduler_;
    Passes& passes_;
    std::deque<Group*> recount_;
};

} // namespace ws_pubsub
