// Which topics and groups there are on this worker, and how each finds the
// others: the links between them are made and undone step by step, because a
// selector may match all the topics that there are.
//
// Which groups a topic belongs to is looked up in the selector index once, when
// the topic becomes local; a new group is linked to the topics that are local
// already step by step, before it has members.
//
// A topic that has lost a group, or is gone from the zone, is reviewed in a
// turn to come: it is let go of where nobody needs it, else its subscribers are
// counted anew.
//
// Invariants: a LocalTopic has an Interest in the zone as long as it lives,
// and the Interest's token is its address. A topic and each of its groups know
// their places in each other's lists. A group has members, or subscriptions in
// the making, or is being released.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "broker/groups.hpp"
#include "broker/policies.hpp"
#include "broker/presence_queue.hpp"
#include "broker/scheduler.hpp"
#include "broker/selector_index.hpp"
#include "broker/subscriber_counts.hpp"

namespace ws_pubsub {

class LocalTopics {
public:
    // All of them outlive it. `untold`: keeps its topic local.
    LocalTopics(Store& store, const Policies& policies, WorkerId worker,
                Scheduler& scheduler, SubscriberCounts& counts,
                PresenceQueue& untold)
        : store_(store), policies_(policies), scheduler_(scheduler),
          counts_(counts), untold_(untold), worker_(worker)
    {}

    [[nodiscard]] Store& store() const { return store_; }

    // --- groups
    // nullptr: there is none.
    [[nodiscard]] Group* find_group(std::string_view selector) const;
    // Makes it if need be, with a PendingSubscriptions to which its maker adds
    // itself; nullptr when the zone has no room for it.
    Group* group_of(const Selector& selector);
    // Links the group to some of the topics that were local before it was
    // there, and takes those that it looks at off `left`. True: it is linked to
    // all. REQUIRES: there are pending subscriptions to it.
    bool link_some(Group& group, size_t& left);
    // Lets go of a group that nobody has, nor is about to have: else false. Its
    // topics forget it in turns to come.
    bool release_if_unused(Group& group);
    // How many sessions may subscribe to the topic that the selector spells; 0:
    // no limit, or it spells none.
    [[nodiscard]] uint32_t max_subscribers(const Selector& selector) const;

    // --- topics
    // nullptr: it is not local.
    [[nodiscard]] LocalTopic* find(std::string_view path) const;
    // Makes the topic local if need be, with all groups that match it; nullptr
    // when the zone has no room for it.
    LocalTopic* find_or_add(std::string_view path);
    // The same for one that came to be while this worker had selectors: its
    // Interest is there. nullptr when no group matches it.
    LocalTopic* adopt(const Delivery& delivery);
    // It has lost a group, or is gone.
    void review_later(LocalTopic& topic);

    // Unlinks, releases and reviews as much as a turn may. True: there is more.
    bool run();
    // The zone has no room for what a subscription needs: counts that.
    Error refuse_for_room();
    // Gives back memory.
    void shrink() { to_review_.shrink_to_fit(); }

private:
    static void link(Group& group, LocalTopic& topic);
    static void unlink(LocalTopic& topic, size_t group);
    static void leave_groups(LocalTopic& topic);
    void unlink_some(Group& group, size_t& left);
    void release(LocalTopic& topic);
    bool let_go_if_gone(LocalTopic& topic);

    Store& store_;
    const Policies& policies_;
    Scheduler& scheduler_;
    SubscriberCounts& counts_;
    PresenceQueue& untold_;
    WorkerId worker_;

    SelectorIndex<Group> index_;
    std::map<std::string, std::unique_ptr<Group>, std::less<>> groups_;
    std::map<std::string, std::unique_ptr<LocalTopic>, std::less<>> topics_;
    uint64_t births_ = 0;                         // of topics, on this worker
    std::deque<std::unique_ptr<Group>> released_; // linked to topics still
    std::vector<LocalTopic*> to_review_;
};

} // namespace ws_pubsub
