#include "broker/local_topics.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/limits.hpp"
#include "base/shrink.hpp"

namespace ws_pubsub {

namespace {

// Local topics that a step looks at.
constexpr size_t kLinkStep = 512;

constexpr Error kNoRoom{Errc::zone_full,
                        "the zone has no more room for subscribers"};

} // namespace

Error LocalTopics::refuse_for_room()
{
    store_.workers.counters(worker_).refused_subscriptions.add(1);
    return kNoRoom;
}

uint32_t LocalTopics::max_subscribers(const Selector& selector) const
{
    return selector.is_exact() ? policies_.of(selector.text()).max_subscribers
                               : 0;
}

Group* LocalTopics::find_group(std::string_view selector) const
{
    const auto found = groups_.find(selector);
    return found == groups_.end() ? nullptr : found->second.get();
}

Group* LocalTopics::group_of(const Selector& selector)
{
    if (Group* found = find_group(selector.text())) {
        return found;
    }
    auto made = std::make_unique<Group>(selector);
    Group* group = made.get();
    if (!selector.is_exact() || max_subscribers(selector) > 0) {
        group->record = store_.selectors.add(worker_, selector);
        if (group->record == nullptr) {
            return nullptr;
        }
    }
    groups_.emplace(std::string(selector.text()), std::move(made));
    index_.add(selector, group);
    group->pending = std::make_unique<PendingSubscriptions>();
    group->pending->born = births_;
    if (selector.is_exact()) {
        group->linked = true;
        if (LocalTopic* topic = find(selector.text())) {
            link(*group, *topic);
        }
    }
    return group;
}

bool LocalTopics::link_some(Group& group, size_t& left)
{
    if (group.linked) {
        return true;
    }
    PendingSubscriptions& pending = *group.pending;
    const std::string_view prefix = group.selector.literal_prefix();
    auto it = pending.linked_to < prefix
                  ? topics_.lower_bound(prefix)
                  : topics_.upper_bound(pending.linked_to);
    const size_t most = std::min(left, kLinkStep);
    size_t looked_at = 0;
    for (; it != topics_.end() && it->first.starts_with(prefix) &&
           looked_at < most;
         ++it, looked_at++) {
        LocalTopic& topic = *it->second;
        if (topic.born <= pending.born && group.selector.matches(topic.path)) {
            link(group, topic);
        }
    }
    left -= looked_at;
    group.linked = it == topics_.end() || !it->first.starts_with(prefix);
    if (looked_at > 0) {
        pending.linked_to = std::prev(it)->first;
    }
    return group.linked;
}

LocalTopic* LocalTopics::find(std::string_view path) const
{
    const auto found = topics_.find(path);
    return found == topics_.end() ? nullptr : found->second.get();
}

void LocalTopics::link(Group& group, LocalTopic& topic)
{
    topic.places.push_back(static_cast<uint32_t>(group.topics.size()));
    group.places.push_back(static_cast<uint32_t>(topic.groups.size()));
    topic.groups.push_back(&group);
    group.topics.push_back(&topic);
}

// The topic and its i-th group forget each other, in no time that depends on
// how many others each has.
void LocalTopics::unlink(LocalTopic& topic, size_t i)
{
    Group& group = *topic.groups[i];
    const uint32_t place = topic.places[i];
    group.topics[place] = group.topics.back();
    group.places[place] = group.places.back();
    group.topics[place]->places[group.places[place]] = place;
    group.topics.pop_back();
    group.places.pop_back();
    shrink_if_empty_enough(group.topics);
    shrink_if_empty_enough(group.places);

    topic.groups[i] = topic.groups.back();
    topic.places[i] = topic.places.back();
    topic.groups.pop_back();
    topic.places.pop_back();
    if (i < topic.groups.size()) {
        topic.groups[i]->places[topic.places[i]] = static_cast<uint32_t>(i);
    }
}

// REQUIRES: the topic goes.
void LocalTopics::leave_groups(LocalTopic& topic)
{
    while (!topic.groups.empty()) {
        unlink(topic, topic.groups.size() - 1);
    }
}

LocalTopic* LocalTopics::find_or_add(std::string_view path)
{
    if (LocalTopic* found = find(path)) {
        return found;
    }
    auto made = std::make_unique<LocalTopic>();
    LocalTopic* topic = made.get();
    const AddedInterest joined =
        store_.interests.add(worker_, path, reinterpret_cast<uint64_t>(topic));
    if (joined.interest == nullptr) {
        return nullptr;
    }
    topic->path = path;
    topic->born = ++births_;
    topic->policy = policies_.of(path);
    topic->interest = joined.interest;
    if (!joined.unread) {
        topic->last = joined.newest;
    }
    topics_.emplace(topic->path, std::move(made));
    index_.match(path, [&](Group& group) { link(group, *topic); });
    counts_.count_repeats(*topic);
    if (!joined.unread && joined.newest.epoch == 0) {
        review_later(*topic); // whoever saw it there saw it before it went
    }
    return topic;
}

LocalTopic* LocalTopics::adopt(const Delivery& delivery)
{
    auto topic = std::make_unique<LocalTopic>();
    topic->path = delivery.path;
    topic->born = ++births_;
    topic->interest = delivery.interest;
    topic->policy = policies_.of(topic->path);
    index_.match(delivery.path, [&](Group& group) { link(group, *topic); });
    if (topic->groups.empty()) {
        store_.interests.drop(*delivery.interest);
        return nullptr;
    }
    LocalTopic* adopted = topic.get();
    topics_.emplace(adopted->path, std::move(topic));
    store_.interests.claim(*delivery.interest,
                           reinterpret_cast<uint64_t>(adopted));
    counts_.count_repeats(*adopted);
    counts_.tell({&adopted, 1});
    return adopted;
}

bool LocalTopics::release_if_unused(Group& group)
{
    if (!group.members.empty() || group.pending != nullptr) {
        return false;
    }
    if (group.record != nullptr) {
        store_.selectors.remove(*group.record);
        group.record = nullptr;
    }
    counts_.forget(group);
    index_.remove(group.selector);
    const auto found = groups_.find(group.selector.text());
    released_.push_back(std::move(found->second));
    groups_.erase(found);
    scheduler_.run_soon();
    return true;
}

void LocalTopics::unlink_some(Group& group, size_t& left)
{
    while (!group.topics.empty() && left > 0) {
        left--;
        LocalTopic& topic = *group.topics.back();
        unlink(topic, group.places.back());
        review_later(topic);
    }
}

void LocalTopics::review_later(LocalTopic& topic)
{
    if (!topic.to_review) {
        topic.to_review = true;
        to_review_.push_back(&topic);
        scheduler_.run_soon();
    }
}

// REQUIRES: no group has the topic.
void LocalTopics::release(LocalTopic& topic)
{
    if (untold_.topic() == &topic) {
        untold_.clear();
    }
    store_.interests.drop(*topic.interest);
    topics_.erase(topics_.find(topic.path));
}

// A topic that is not there needs no interest, unless somebody waits for this
// very one, or is present in it on another worker, or others have yet to be
// told who was: should it come back, the zone tells whoever has a selector for
// it. False, and it stays local, also if it is back by now: its first messages
// wait for the interest that it has.
bool LocalTopics::let_go_if_gone(LocalTopic& topic)
{
    const auto& groups = topic.groups;
    if (topic.last.epoch != 0 || untold_.topic() == &topic ||
        std::any_of(groups.begin(), groups.end(),
                    [](const Group* g) { return g->selector.is_exact(); }) ||
        !store_.interests.drop_if_gone(*topic.interest)) {
        return false;
    }
    leave_groups(topic);
    topics_.erase(topics_.find(topic.path));
    return true;
}

bool LocalTopics::run()
{
    size_t left = kTopicsReleasedPerTurn;
    while (!released_.empty() && left > 0) {
        unlink_some(*released_.front(), left);
        if (released_.front()->topics.empty()) {
            left -= std::min<size_t>(left, 1);
            released_.pop_front();
        }
    }
    std::vector<LocalTopic*> counted;
    for (size_t i = 0; i < kTopicsCountedPerTurn && !to_review_.empty(); i++) {
        LocalTopic* topic = to_review_.back();
        to_review_.pop_back();
        topic->to_review = false;
        if (topic->groups.empty()) {
            release(*topic);
        } else if (!let_go_if_gone(*topic)) {
            counted.push_back(topic);
        }
    }
    counts_.tell(counted);
    return !released_.empty() || !to_review_.empty();
}

} // namespace ws_pubsub
