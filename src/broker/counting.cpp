// How many sessions a topic has on this worker, which the zone adds up: the
// members of its groups, less those of sessions that are in several of them.
#include <algorithm>

#include "broker/broker.hpp"

namespace ws_pubsub {

namespace {

// Topics that are counted in one turn of the event loop, and of which the
// counts are set in one hold of the lock.
constexpr size_t kTopicsPerTurn = 1024;
constexpr size_t kCountsPerLock = 256;

} // namespace

uint32_t Broker::subscribers_of(const LocalTopic& topic)
{
    size_t members = 0;
    for (const Group* group : topic.groups) {
        members += group->members.size();
    }
    return static_cast<uint32_t>(members) - topic.repeats;
}

// REQUIRES: the topic has just become local. From then on add_repeats() keeps
// the number.
void Broker::count_repeats(LocalTopic& topic)
{
    if (topic.groups.size() < 2) {
        return;
    }
    stamp_++;
    for (const Group* group : topic.groups) {
        for (const Subscription* member : group->members) {
            topic.repeats += member->session->stamp_ == stamp_ ? 1 : 0;
            member->session->stamp_ = stamp_;
        }
    }
}

// The subscription has become a member of its group, or is about to leave it:
// `change` is 1 or -1, in each topic that its session has by another
// subscription too. Costs that session's subscriptions and the groups of the
// topics, however many members they have.
void Broker::add_repeats(const Subscription& subscription, uint32_t change)
{
    stamp_++;
    bool others = false;
    for (const auto& other : subscription.session->subscriptions_) {
        if (other.get() != &subscription) {
            other->group->stamp = stamp_;
            others = true;
        }
    }
    if (!others) {
        return;
    }
    for (LocalTopic* topic : subscription.group->topics) {
        const auto& groups = topic->groups;
        if (std::any_of(groups.begin(), groups.end(), [&](const Group* group) {
                return group->stamp == stamp_;
            })) {
            topic->repeats += change;
        }
    }
}

void Broker::count_subscribers(std::span<LocalTopic* const> topics)
{
    std::vector<SubscriberCount> counts;
    while (!topics.empty()) {
        const auto some = topics.first(std::min(topics.size(), kCountsPerLock));
        counts.clear();
        for (const LocalTopic* topic : some) {
            counts.push_back({topic->interest, subscribers_of(*topic)});
        }
        store_.set_subscribers(counts);
        topics = topics.subspan(some.size());
    }
}

// A topic or two are counted at once; many, once a turn.
void Broker::recount_later(Group& group)
{
    if (group.topics.size() <= 1) {
        count_subscribers(group.topics);
    } else if (!group.recount) {
        group.recount = true;
        recount_.push_back(&group);
        scheduler_.run_soon();
    }
}

bool Broker::recount_some()
{
    size_t counted = 0;
    while (!recount_.empty() && counted < kTopicsPerTurn) {
        Group* group = recount_.back();
        recount_.pop_back();
        group->recount = false;
        counted += group->topics.size();
        count_subscribers(group->topics);
    }
    return !recount_.empty();
}

} // namespace ws_pubsub
