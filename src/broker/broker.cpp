#include "broker/broker.hpp"

#include <algorithm>

#include "base/budget.hpp"
#include "base/shrink.hpp"

namespace ws_pubsub {

namespace {

// A session with no more subscriptions than this ends them at once.
constexpr size_t kFewSubscriptions = 16;

// What a step of a review looks at, and what that costs in topics looked at:
// each, one that ends, and one whose identity is another.
constexpr size_t kReviewedPerStep = 64;
constexpr size_t kReviewCost = 2;
constexpr size_t kEndCost = kTopicsPerTurn / kEndsPerTurn;
constexpr size_t kRenameCost = 2 * kReadCost;

// Which of its session's identities it was present with.
const std::string& identity_of(const Subscription& subscription)
{
    const Session& session = *subscription.session;
    return subscription.name == session.identity().number()
               ? session.identity().text()
               : session.seat().review->former;
}

} // namespace

Broker::Broker(Store& store, const Policies& policies, WorkerId worker,
               Encoder& encoder, Scheduler& scheduler, const Clock& clock,
               Committer* committer)
    : store_(store), publisher_(store.topics, policies, committer),
      encoder_(encoder), scheduler_(scheduler), worker_(worker),
      laggards_(clock), overlaps_(store_, worker),
      counts_(store_, scheduler, passes_),
      topics_(store, policies, worker, scheduler, counts_, untold_),
      pacer_(store_, worker, encoder, scheduler, clock, laggards_, budget_),
      start_(store_, worker, encoder, pacer_, deltas_, budget_),
      deliveries_({store_, worker, encoder, scheduler, topics_, untold_,
                   laggards_, pacer_, start_, deltas_, passes_, budget_}),
      catch_up_({store_, worker, encoder, scheduler, topics_, counts_, pacer_,
                 start_, deliveries_, budget_})
{}

Broker::~Broker()
{
    store_.workers.detach(worker_);
}

SessionLease Broker::admit(uint64_t limit)
{
    return store_.workers.open_session(worker_, limit) ? SessionLease(*this)
                                                       : SessionLease();
}

bool Broker::end_subscriptions(Session& session)
{
    session.stop();
    deliveries_.caught_up(session);
    overlaps_.remove_all(session);
    catch_up_.forget(session);
    pacer_.drop(session);
    const Subscriptions& all = session.seat().subscriptions;
    const bool many = all.size() > kFewSubscriptions;
    while (!all.empty() && (!many || budget_.ends_left > 0)) {
        budget_.ends_left -= many ? 1 : 0;
        end(all.next_to_end());
    }
    if (many) {
        scheduler_.run_soon();
    }
    return all.empty();
}

void Broker::remove_session(Session& session)
{
    end_subscriptions(session);
    while (!session.seat().subscriptions.empty()) {
        end(session.seat().subscriptions.next_to_end());
    }
    session.seat().review = nullptr;
}

// Whether the group may have one more member; if so, it is counted.
bool Broker::may_join(Group& group)
{
    const uint32_t most = topics_.max_subscribers(group.selector);
    return most == 0 || store_.selectors.admit_session(*group.record, most);
}

Result<Subscribed> Broker::subscribe(Session& session, const Selector& selector,
                                     SubscribeOptions options)
{
    Subscribing subscribing(topics_, session, selector, std::move(options));
    for (size_t left = SIZE_MAX; !subscribing.step(left);) {
    }
    return subscribe(subscribing);
}

Result<Subscribed> Broker::subscribe(Subscribing& subscribing)
{
    if (subscribing.failed()) {
        return *subscribing.failed();
    }
    Group& group = subscribing.group();
    if (!may_join(group)) {
        return Error{Errc::limit, "the topic has too many subscribers"};
    }
    auto subscription = add_member(subscribing);
    const Selector& selector = group.selector;
    if ((selector.is_exact() &&
         topics_.find_or_add(selector.text()) == nullptr) ||
        !overlaps_.add(*subscription) || !become_present(*subscription)) {
        leave(*subscription);
        return topics_.refuse_for_room();
    }
    counts_.tell_members(group);
    counts_.tell_topics(group);

    Subscribed answer;
    answer.subscription = subscription.get();
    Subscribing::Found& found = subscribing.found();
    answer.recovered = found.recovered;
    answer.topics = std::move(found.rows);
    CatchUpState& catch_up = *subscription->catch_up;
    catch_up.start = std::move(subscribing.options().start);
    catch_up.gone = std::move(found.gone);
    if (!answer.topics.empty()) {
        catch_up.listed_to = answer.topics.back().path;
    }
    Session& session = subscribing.session();
    session.seat().subscriptions.add(std::move(subscription));
    if (session.subscriptions() == 1) {
        deliveries_.add_queue(session);
    }
    return answer;
}

std::unique_ptr<Subscription> Broker::add_member(Subscribing& subscribing)
{
    Group& group = subscribing.group();
    const SubscribeOptions& options = subscribing.options();
    auto made = std::make_unique<Subscription>();
    made->session = &subscribing.session();
    made->group = &group;
    made->place = group.members.size();
    made->interval_ms = options.interval_ms;
    made->delta = options.delta;
    group.wants_latest |= options.interval_ms > 0;
    group.wants_texts |= options.delta;
    group.members.push_back(made.get());
    SubscriberCounts::add_member(*made);
    subscribing.session().seat().catching_up.begin(*made);
    store_.workers.counters(worker_).subscriptions.add(1);
    return made;
}

Subscription* Broker::find(const Session& session,
                           std::string_view selector) const
{
    const Group* group = topics_.find_group(selector);
    return group == nullptr ? nullptr
                            : session.seat().subscriptions.find(*group);
}

Broker::Unsubscribed Broker::unsubscribe(Session& session,
                                         std::string_view selector)
{
    Subscription* found = find(session, selector);
    if (found == nullptr) {
        return Unsubscribed::unknown;
    }
    // What was published before is still the session's.
    if (deliveries_.read() != Deliveries::Inbox::empty) {
        scheduler_.read_inbox_soon();
        return Unsubscribed::later;
    }
    pacer_.end(*found);
    end(*found);
    return Unsubscribed::done;
}

Broker::Unsubscribed
Broker::withdraw(Session& session, std::string_view selector, const Error& why)
{
    Subscription* found = find(session, selector);
    if (found == nullptr) {
        return Unsubscribed::unknown;
    }
    scheduler_.run_soon(); // so that the next turn may end as many
    if (budget_.ends_left == 0) {
        return Unsubscribed::later;
    }
    budget_.ends_left--;
    end_telling(*found, why);
    return Unsubscribed::done;
}

// Takes the subscription out of its group, and lets go of what only it
// needed.
void Broker::leave(Subscription& subscription)
{
    end_presence(subscription);
    SubscriberCounts::remove_member(subscription);
    overlaps_.remove(subscription);
    Group& group = *subscription.group;
    Subscription* last = group.members.back();
    group.members[subscription.place] = last;
    last->place = subscription.place;
    group.members.pop_back();
    shrink_if_empty_enough(group.members);
    subscription.session->seat().catching_up.end(subscription);
    counts_.tell_members(group);
    counts_.tell_topics_later(group);
    topics_.release_if_unused(group);
    store_.workers.counters(worker_).subscriptions.sub(1);
}

void Broker::end(Subscription& subscription)
{
    Session& session = *subscription.session;
    leave(subscription);
    session.seat().subscriptions.remove(subscription);
    if (session.seat().subscriptions.empty()) {
        deliveries_.remove_queue(session);
    }
}

// A session with an identity that subscribes to a topic by its name is present
// in it. False when the zone has no room for it.
bool Broker::become_present(Subscription& subscription)
{
    const Selector& selector = subscription.group->selector;
    const Identity& identity = subscription.session->identity();
    if (!selector.is_exact() || identity.text().empty() ||
        !publisher_.policy_of(selector.text()).presence) {
        return true;
    }
    const LocalTopic* topic = topics_.find_or_add(selector.text());
    subscription.name = identity.number();
    subscription.present =
        topic != nullptr &&
        store_.presence.join(*topic->interest, identity.text());
    return subscription.present;
}

void Broker::end_presence(Subscription& subscription)
{
    if (subscription.present) {
        subscription.present = false;
        store_.presence.leave(
            *subscription.group->topics.front()->interest,
            identity_of(subscription),
            subscription.session->identity().is_expected_back());
    }
}

// As those of an unsubscribe(), but that what was published before, and not
// yet delivered, never is.
void Broker::end_telling(Subscription& subscription, const Error& why)
{
    Session& session = *subscription.session;
    pacer_.end(subscription);
    const FrameRef notice = encoder_.unsub(
        session.encoding(), subscription.group->selector.text(), why);
    end(subscription);
    session.tell_ended(notice, why.message, laggards_);
}

void Broker::look_again(Subscription& subscription, size_t& left)
{
    const Session& session = *subscription.session;
    const Review& review = *session.seat().review;
    spend(left, kReviewCost);
    if (!review.may.allows(subscription.group->selector)) {
        spend(left, kEndCost);
        if (subscription.overlaps) {
            spend(left, session.seat().subscriptions.with_wildcards().size());
        }
        return end_telling(subscription, kDenied);
    }
    if (review.renamed) {
        spend(left, kRenameCost);
        end_presence(subscription);
        if (!become_present(subscription)) {
            end_telling(subscription, topics_.refuse_for_room());
        }
    }
}

// From the last to the first: where one ends, one that was looked at already
// takes its place.
bool Broker::review(Session& session, size_t& left)
{
    Review& review = *session.seat().review;
    const Subscriptions& all = session.seat().subscriptions;
    review.left = std::min(review.left, all.size()); // some were withdrawn
    spend(left, 1);
    for (size_t i = 0; i < kReviewedPerStep && left > 0 && review.left > 0 &&
                       !session.stopped();
         i++) {
        review.left--;
        look_again(*all.all()[review.left], left);
    }
    if (review.left > 0 && !session.stopped()) {
        return false;
    }
    session.end_review();
    if (!session.stopped()) {
        catch_up_.resume(session);
    }
    return true;
}

PresenceList Broker::who(std::string_view topic)
{
    if (deliveries_.read() != Deliveries::Inbox::empty) {
        scheduler_.read_inbox_soon();
    }
    return store_.presence.who(topic, kMaxListedIdentities);
}

void Broker::start(Subscription& subscription)
{
    catch_up_.resume(*subscription.session);
}

void Broker::run_due()
{
    (void)deliveries_.is_held(); // goes on if the wait is over
    pacer_.run_due();
}

bool Broker::begin(Work& work)
{
    scheduler_.run_soon(); // so that the next turn has as much
    return turns_.begin(work);
}

bool Broker::run()
{
    budget_.begin();
    bool more = turns_.run();
    more |= topics_.run();
    more |= counts_.run();
    more |= catch_up_.run();
    return more;
}

bool Broker::read_inbox()
{
    budget_.begin_inbox();
    return deliveries_.read() == Deliveries::Inbox::more;
}

void Broker::shrink()
{
    deliveries_.shrink();
    start_.shrink();
    catch_up_.shrink();
    counts_.shrink();
    topics_.shrink();
}

} // namespace ws_pubsub
