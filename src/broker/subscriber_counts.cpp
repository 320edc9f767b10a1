#include "broker/subscriber_counts.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

namespace {

// Topics whose counts are set in one hold of the lock.
constexpr size_t kCountsPerLock = 256;

// Whether another of the session's subscriptions may bring topics that this
// one brings, beside those that are named.
bool shares_topics(const Subscriptions& all, const Subscription& subscription)
{
    const Selector& own = subscription.group->selector;
    const auto wild = all.with_wildcards();
    return std::any_of(wild.begin(), wild.end(), [&](const auto& other) {
        return other.get() != &subscription &&
               selectors_overlap(own.text(), other->group->selector.text());
    });
}

} // namespace

void SubscriberCounts::tell_members(const Group& group)
{
    if (group.record != nullptr) {
        store_.selectors.set_sessions(
            *group.record, static_cast<uint32_t>(group.members.size()));
    }
}

uint32_t SubscriberCounts::subscribers_of(const LocalTopic& topic)
{
    size_t members = 0;
    for (const Group* group : topic.groups) {
        members += group->members.size();
    }
    return static_cast<uint32_t>(members) - topic.repeats;
}

void SubscriberCounts::count_repeats(LocalTopic& topic)
{
    if (topic.groups.size() < 2) {
        return;
    }
    const uint64_t pass = passes_.begin();
    for (const Group* group : topic.groups) {
        for (const Subscription* member : group->members) {
            uint64_t& stamp = member->session->seat().stamp;
            topic.repeats += stamp == pass ? 1 : 0;
            stamp = pass;
        }
    }
}

// Changes the number by 1 or -1 in each topic that the session has by another
// subscription, too. These are looked for among the topics that the others
// name, where that is enough, or among all those of the group.
void SubscriberCounts::change_repeats(const Subscription& subscription,
                                      int change)
{
    const auto by = static_cast<uint32_t>(change); // modulo 2^32
    const Subscriptions& all = subscription.session->seat().subscriptions;
    const Group& group = *subscription.group;
    if (all.empty() ||
        (all.size() == 1 && all.all().front().get() == &subscription)) {
        return;
    }
    const auto named = all.by_name();
    if (!group.selector.is_exact() && named.size() < group.topics.size() &&
        !shares_topics(all, subscription)) {
        for (const auto& other : named) {
            LocalTopic& topic = *other->group->topics.front();
            topic.repeats += group.selector.matches(topic.path) ? by : 0;
        }
        return;
    }
    for (LocalTopic* topic : group.topics) {
        if (any_bringing(all, *topic, [&](const Subscription& other) {
                return &other != &subscription;
            })) {
            topic->repeats += by;
        }
    }
}

void SubscriberCounts::tell(std::span<LocalTopic* const> topics)
{
    std::vector<SubscriberCount> counts;
    while (!topics.empty()) {
        const auto some = topics.first(std::min(topics.size(), kCountsPerLock));
        counts.clear();
        for (const LocalTopic* topic : some) {
            counts.push_back({topic->interest, subscribers_of(*topic)});
        }
        store_.interests.set_subscribers(counts);
        topics = topics.subspan(some.size());
    }
}

void SubscriberCounts::tell_topics(Group& group)
{
    if (group.topics.size() <= kCountsPerLock) {
        tell(group.topics);
    } else {
        tell_topics_later(group);
    }
}

void SubscriberCounts::tell_topics_later(Group& group)
{
    if (group.topics.size() <= 1) {
        tell(group.topics);
    } else if (group.recount) {
        group.again = true;
    } else {
        group.recount = true;
        group.uncounted = static_cast<uint32_t>(group.topics.size());
        recount_.push_back(&group);
        scheduler_.run_soon();
    }
}

// From the last to the first: when a topic goes, one from behind takes its
// place, which then is counted once more. A topic that comes to the group is
// counted when it does.
bool SubscriberCounts::run()
{
    size_t left = kTopicsCountedPerTurn;
    while (!recount_.empty() && left > 0) {
        Group& group = *recount_.front();
        const size_t size = group.topics.size();
        const size_t end = std::min<size_t>(group.uncounted, size);
        const size_t count = std::min(end, left);
        tell(std::span(group.topics).subspan(end - count, count));
        left -= count;
        group.uncounted = static_cast<uint32_t>(end - count);
        if (group.uncounted > 0) {
            break;
        }
        left -= std::min<size_t>(left, 1);
        recount_.pop_front();
        group.recount = false;
        if (std::exchange(group.again, false)) {
            tell_topics_later(group); // behind the others
            break;
        }
    }
    return !recount_.empty();
}

void SubscriberCounts::forget(Group& group)
{
    if (group.recount) {
        std::erase(recount_, &group);
        group.recount = false;
    }
}

} // namespace ws_pubsub
