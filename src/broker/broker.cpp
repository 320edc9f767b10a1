#include "broker/broker.hpp"

#include <algorithm>

namespace ws_pubsub {

namespace {

// Topics that are let go of in one turn of the event loop.
constexpr size_t kTopicsPerTurn = 1024;

} // namespace

Broker::~Broker()
{
    store_.detach(worker_);
}

bool Broker::add_session(uint64_t limit)
{
    return store_.open_session(worker_, limit);
}

void Broker::end_subscriptions(Session& session)
{
    session.stop();
    leave_overlap(session);
    while (!session.subscriptions_.empty()) {
        leave(*session.subscriptions_.back());
        session.subscriptions_.pop_back();
    }
    std::erase(catching_up_, &session);
    session.listed_ = false;
    session.tracks_.reset();
    set_timer(session);
}

void Broker::remove_session(Session& session)
{
    end_subscriptions(session);
    store_.close_session(worker_);
}

// nullptr when the zone is full.
Group* Broker::group_of(const Selector& selector)
{
    const auto found = groups_.find(selector.text());
    if (found != groups_.end()) {
        return found->second.get();
    }
    auto made = std::make_unique<Group>(selector);
    Group* group = made.get();
    if (!selector.is_exact() || max_subscribers(selector) > 0) {
        group->record = store_.add_selector(worker_, selector);
        if (group->record == nullptr) {
            return nullptr;
        }
    }
    groups_.emplace(std::string(selector.text()), std::move(made));
    index_.add(selector, group);
    // Topics that are local already for other groups' sake.
    const std::string_view prefix = selector.literal_prefix();
    for (auto it = topics_.lower_bound(prefix);
         it != topics_.end() && it->first.starts_with(prefix); ++it) {
        if (selector.matches(it->first)) {
            link(*group, *it->second);
        }
    }
    return group;
}

// Of the topic that the selector spells; 0: no limit, or it spells none.
uint32_t Broker::max_subscribers(const Selector& selector)
{
    return selector.is_exact()
               ? publisher_.policies.of(selector.text()).max_subscribers
               : 0;
}

// Whether one more session may join the group. Lets go of a group that has
// none then.
bool Broker::admit(Group& group)
{
    const uint32_t most = max_subscribers(group.selector);
    if (most == 0 || store_.admit_session(*group.record, most)) {
        return true;
    }
    if (group.members.empty()) {
        release_group(group);
    }
    return false;
}

void Broker::count_sessions(Group& group)
{
    if (group.record != nullptr) {
        store_.set_sessions(*group.record,
                            static_cast<uint32_t>(group.members.size()));
    }
}

void Broker::link(Group& group, LocalTopic& topic)
{
    topic.groups.push_back(&group);
    topic.places.push_back(group.topics.size());
    group.topics.push_back(&topic);
}

// The topic goes: its groups forget it, in no time that depends on how many
// topics they have.
void Broker::leave_groups(LocalTopic& topic)
{
    for (size_t i = 0; i < topic.groups.size(); i++) {
        Group* group = topic.groups[i];
        LocalTopic& last = *group->topics.back();
        const auto found =
            std::find(last.groups.begin(), last.groups.end(), group);
        last.places[static_cast<size_t>(found - last.groups.begin())] =
            topic.places[i];
        group->topics[topic.places[i]] = &last;
        group->topics.pop_back();
    }
}

// The group goes: the topic forgets it.
void Broker::leave_group(Group& group, LocalTopic& topic)
{
    const auto found =
        std::find(topic.groups.begin(), topic.groups.end(), &group);
    topic.places.erase(topic.places.begin() + (found - topic.groups.begin()));
    topic.groups.erase(found);
}

// Makes the topic local, with all groups that match it; nullptr when the zone
// is full.
LocalTopic* Broker::local_topic(std::string_view path)
{
    const auto found = topics_.find(path);
    if (found != topics_.end()) {
        return found->second.get();
    }
    auto made = std::make_unique<LocalTopic>();
    LocalTopic* topic = made.get();
    const Joined joined =
        store_.add_interest(worker_, path, reinterpret_cast<uint64_t>(topic));
    if (joined.interest == nullptr) {
        return nullptr;
    }
    topic->path = path;
    topic->policy = publisher_.policies.of(path);
    topic->interest = joined.interest;
    if (!joined.unread) {
        topic->last = joined.newest;
    }
    topics_.emplace(topic->path, std::move(made));
    index_.match(path, [&](Group& group) { link(group, *topic); });
    count_repeats(*topic);
    return topic;
}

// From here on the listed topics' messages arrive. The rows get the positions
// from which on they do.
bool Broker::join_listed(std::vector<TopicRow>& rows)
{
    for (TopicRow& row : rows) {
        LocalTopic* topic = local_topic(row.path);
        if (topic == nullptr) {
            return false;
        }
        if (topic->last.epoch != 0) {
            row.newest = topic->last;
        }
    }
    return true;
}

// Topics of the group that are gone, as long as this worker has not told it:
// who joins now gets what is unread of them, too. REQUIRES: `rows` are all of
// the group's topics that are there, or the first kMaxListedTopics.
void Broker::list_untold(const Group& group, std::vector<TopicRow>& rows)
{
    const size_t listed = rows.size();
    const auto by_path = [](const TopicRow& a, const TopicRow& b) {
        return a.path < b.path;
    };
    for (const LocalTopic* topic : group.topics) {
        const TopicRow row{topic->path, topic->last};
        const auto end = rows.begin() + static_cast<ptrdiff_t>(listed);
        if (topic->last.epoch != 0 && listed < kMaxListedTopics &&
            !std::binary_search(rows.begin(), end, row, by_path)) {
            rows.push_back(row);
        }
    }
    std::sort(rows.begin(), rows.end(), by_path);
}

// Whether all positions can be resumed from. (Of other topics than the
// selector's nothing is said.)
bool Broker::positions_hold(const Selector& selector, const Start& start)
{
    Batch none;
    for (const auto& [path, at] : start.positions) {
        if (!selector.matches(path)) {
            continue;
        }
        ReadFrom from;
        from.kind = ReadFrom::Kind::after;
        from.after = at;
        if (!store_.read(path, from, {1, 1}, none).found) {
            return false;
        }
    }
    return true;
}

Result<Subscribed> Broker::subscribe(Session& session, const Selector& selector,
                                     SubscribeOptions options)
{
    for (const auto& other : session.subscriptions_) {
        if (other->group->selector.text() == selector.text()) {
            return Error{Errc::already_subscribed, "already subscribed"};
        }
    }
    if (session.subscriptions_.size() >= session.limits_.max_subscriptions) {
        return Error{Errc::limit, "too many subscriptions"};
    }

    Group* found = group_of(selector);
    if (found == nullptr) {
        return Error{Errc::zone_full, "the zone is full"};
    }
    Group& group = *found;
    if (!admit(group)) {
        return Error{Errc::limit, "the topic has too many subscribers"};
    }
    auto subscription = std::make_unique<Subscription>();
    subscription->session = &session;
    subscription->group = &group;
    subscription->place = group.members.size();
    subscription->interval_ms = options.interval_ms;
    subscription->delta = options.delta;
    group.wants_newest |= options.interval_ms > 0;
    group.wants_text |= options.delta;
    group.members.push_back(subscription.get());
    add_repeats(*subscription, 1);
    subscription->catch_up = std::make_unique<CatchUp>();
    session.catching_up_++;
    store_.counters(worker_).subscriptions.add(1);

    Subscribed answer;
    answer.subscription = subscription.get();
    answer.recovered = positions_hold(selector, options.start);
    store_.list(selector, {}, kMaxListedTopics, answer.topics);
    const bool joined =
        join_listed(answer.topics) &&
        (!selector.is_exact() || local_topic(selector.text()) != nullptr) &&
        join_overlap(*subscription) && join(*subscription);
    if (!joined) {
        leave(*subscription);
        return Error{Errc::zone_full, "the zone is full"};
    }
    list_untold(group, answer.topics);
    count_sessions(group);
    count_subscribers(group.topics);

    subscription->catch_up->start = std::move(options.start);
    if (!answer.topics.empty()) {
        subscription->catch_up->listed_to = answer.topics.back().path;
    }
    session.subscriptions_.push_back(std::move(subscription));
    return answer;
}

bool Broker::unsubscribe(Session& session, std::string_view selector)
{
    auto& subscriptions = session.subscriptions_;
    const auto found =
        std::find_if(subscriptions.begin(), subscriptions.end(),
                     [&](const std::unique_ptr<Subscription>& s) {
                         return s->group->selector.text() == selector;
                     });
    if (found == subscriptions.end()) {
        return false;
    }
    // What was published before is still the session's.
    read_inbox();
    settle(**found);
    leave(**found);
    subscriptions.erase(found);
    return true;
}

// Takes the subscription out of its group, and lets go of what only it
// needed.
void Broker::leave(Subscription& subscription)
{
    leave_presence(subscription);
    add_repeats(subscription, 0U - 1);
    if (subscription.overlaps &&
        !set_overlap(*subscription.session, &subscription, nullptr)) {
        // In a full zone rather count the session twice than not at all.
        leave_overlap(*subscription.session);
    }
    Group& group = *subscription.group;
    Subscription* last = group.members.back();
    group.members[subscription.place] = last;
    last->place = subscription.place;
    group.members.pop_back();
    if (subscription.catch_up != nullptr) {
        subscription.session->catching_up_--;
    }
    store_.counters(worker_).subscriptions.sub(1);
    if (group.members.empty()) {
        release_group(group);
    } else {
        count_sessions(group);
        recount_later(group);
    }
}

void Broker::release_group(Group& group)
{
    if (group.record != nullptr) {
        store_.remove_selector(*group.record);
    }
    for (LocalTopic* topic : group.topics) {
        leave_group(group, *topic);
        orphan(*topic);
    }
    index_.remove(group.selector);
    std::erase(recount_, &group);
    groups_.erase(groups_.find(group.selector.text()));
}

// The topic has lost a group, or is gone: later its subscribers are counted
// anew, or it is let go.
void Broker::orphan(LocalTopic& topic)
{
    if (!topic.orphan) {
        topic.orphan = true;
        orphans_.push_back(&topic);
        scheduler_.run_soon();
    }
}

// REQUIRES: no group has the topic.
void Broker::release_topic(LocalTopic& topic)
{
    store_.drop_interest(*topic.interest);
    topics_.erase(topics_.find(topic.path));
}

// A topic that is not there needs no interest, unless somebody waits for this
// very one: should it come back, the zone tells whoever has a selector for it.
// False, and it stays local, also if it is back by now: its first messages
// wait for the interest that it has.
bool Broker::let_go_if_gone(LocalTopic& topic)
{
    const auto& groups = topic.groups;
    if (topic.last.epoch != 0 ||
        std::any_of(groups.begin(), groups.end(),
                    [](const Group* g) { return g->selector.is_exact(); }) ||
        !store_.drop_if_gone(*topic.interest)) {
        return false;
    }
    leave_groups(topic);
    topics_.erase(topics_.find(topic.path));
    return true;
}

bool Broker::release_some()
{
    std::vector<LocalTopic*> counted;
    for (size_t i = 0; i < kTopicsPerTurn && !orphans_.empty(); i++) {
        LocalTopic* topic = orphans_.back();
        orphans_.pop_back();
        topic->orphan = false;
        if (topic->groups.empty()) {
            release_topic(*topic);
        } else if (!let_go_if_gone(*topic)) {
            counted.push_back(topic);
        }
    }
    count_subscribers(counted);
    return !orphans_.empty();
}

} // namespace ws_pubsub
