// How many sessions a topic has on this worker, which the zone adds up.
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
    if (topic.groups.size() == 1) {
        return static_cast<uint32_t>(topic.groups.front()->members.size());
    }
    // A session may be in several of the groups.
    uint32_t count = 0;
    stamp_++;
    for (const Group* group : topic.groups) {
        for (const Subscription* member : group->members) {
            count += member->session->stamp_ != stamp_ ? 1 : 0;
            member->session->stamp_ = stamp_;
        }
    }
    return count;
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
