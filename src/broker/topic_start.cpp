#include "broker/topic_start.hpp"

#include <algorithm>
#include <string>

#include "base/budget.hpp"
#include "broker/review.hpp"

namespace ws_pubsub {

namespace {

// One read takes no more than this share of the queue, so that even text that
// grows when it is escaped stays within it.
constexpr size_t kReadShare = 16;
constexpr size_t kWordsPerMessage = 64; // `{"op":"msg",…` and the header

// Whether another subscription of the session brings the topic already.
bool covered_elsewhere(const Subscriptions& subscriptions,
                       const Subscription& own, const LocalTopic& topic)
{
    return any_bringing(subscriptions, topic, [&](const Subscription& other) {
        return &other != &own && may_get(other) &&
               is_live_without_asking(other, topic);
    });
}

// Whether one of the subscriptions is in the middle of the topic's history.
bool is_being_sent(const Subscriptions& subscriptions, const LocalTopic& topic)
{
    return any_bringing(subscriptions, topic, [&](const Subscription& one) {
        return one.catch_up != nullptr && one.catch_up->partial == &topic &&
               may_get(one);
    });
}

} // namespace

ReadLimits TopicStart::limits(const Session& session, const LocalTopic& topic)
{
    const size_t bytes = session.limits().queue_bytes / kReadShare;
    return {bytes / (topic.path.size() + kWordsPerMessage) + 1, bytes};
}

ReadFrom TopicStart::from(const Start& start, std::string_view path)
{
    const auto named = start.positions.find(path);
    if (named == start.positions.end()) {
        return start.from;
    }
    ReadFrom from;
    from.kind = ReadFrom::Kind::after;
    from.after = named->second;
    return from;
}

bool TopicStart::has_begun(Subscription& subscription, const LocalTopic& topic)
{
    CatchUpState& catch_up = *subscription.catch_up;
    if (catch_up.early.erase(&topic) == 0 &&
        !covered_elsewhere(subscription.session->seat().subscriptions,
                           subscription, topic)) {
        return false;
    }
    catch_up.after = topic.path;
    if (catch_up.partial == &topic) {
        catch_up.partial = nullptr;
    }
    return true;
}

bool TopicStart::is_live(Subscription& subscription, LocalTopic& topic,
                         uint64_t before_seq)
{
    CatchUpState& catch_up = *subscription.catch_up;
    if (topic.path <= catch_up.after || catch_up.early.contains(&topic)) {
        return true;
    }
    if (before_seq == 0) {
        if (goes_on(catch_up, topic)) {
            return false;
        }
        // Only who was told of a topic need know that it is gone; and that it
        // has another epoch, only who does not come with that.
        const auto given = catch_up.start.positions.find(topic.path);
        if (topic.last.epoch != 0 && given != catch_up.start.positions.end() &&
            given->second.epoch == topic.last.epoch) {
            return false;
        }
        return topic.path <= catch_up.listed_to ||
               (catch_up.partial == &topic && catch_up.partial_at.seq != 0);
    }
    return begin_early(subscription, topic, before_seq);
}

bool TopicStart::goes_on(const CatchUpState& state,
                         const LocalTopic& topic) const
{
    const Position& at = state.partial_at;
    return state.partial == &topic && at.epoch != 0 &&
           at.epoch == left_.epoch && at.seq <= left_.seq;
}

void TopicStart::forget(Subscription& subscription,
                        const LocalTopic& topic) const
{
    CatchUpState& state = *subscription.catch_up;
    state.early.erase(&topic);
    if (state.partial == &topic && !goes_on(state, topic)) {
        state.partial = nullptr;
    }
}

// A message of a topic came before its turn: sends what the subscription
// starts with there, up to that message, and makes the topic live. False if
// the session gets the message as history, because that is more than a part,
// or it has no room. What is read counts as delivered in this turn.
bool TopicStart::begin_early(Subscription& subscription, LocalTopic& topic,
                             uint64_t before_seq)
{
    Session& session = *subscription.session;
    CatchUpState& catch_up = *subscription.catch_up;
    if (is_being_sent(session.seat().subscriptions, topic)) {
        return false;
    }
    if (covered_elsewhere(session.seat().subscriptions, subscription, topic)) {
        catch_up.early.insert(&topic);
        return true;
    }
    const ReadFrom start = TopicStart::from(catch_up.start, topic.path);
    ReadAnswer answer;
    early_.clear();
    if (start.kind == ReadFrom::Kind::last ||
        start.kind == ReadFrom::Kind::after) {
        // Where nothing is kept, the message would not be there later; and a
        // topic that has just come to be is told of now.
        if (topic.policy.retain && topic.last.seq != 0 && !session.has_room()) {
            return false;
        }
        const Steady steady(store_.following);
        answer = store_.topics.read(topic.path, start, limits(session, topic),
                                    early_);
        if (!steady.holds()) {
            return false;
        }
        spend(budget_.inbox_bytes_left, early_.bytes() + kTurnTopicBytes);
    }
    size_t last = early_.size();
    while (last > 0 && early_[last - 1].message.at.seq >= before_seq) {
        last--;
    }
    const bool whole = !answer.more || last < early_.size();
    if (!whole || (last > 0 && !session.has_room())) {
        return false;
    }
    catch_up.early.insert(&topic);
    // A topic that has just come to be is being told to everybody.
    if (topic.last.seq != 0 && topic.path > catch_up.listed_to) {
        send_notice(session, topic, {topic.last.epoch, before_seq - 1},
                    answer.was);
    }
    send_gap(session, topic, answer, before_seq);
    send_kept(subscription, topic, early_, last);
    return true;
}

void TopicStart::send_notice(Session& session, const LocalTopic& topic,
                             const Position& at, uint64_t was)
{
    const FrameRef frame =
        encoder_.topic(session.encoding(), topic.path, at, was);
    if (frame) {
        session.push(frame);
    }
}

void TopicStart::send_gap(Session& session, const LocalTopic& topic,
                          const ReadAnswer& answer, uint64_t before_seq)
{
    const Gap gap{answer.lost_from, std::min(answer.lost_to, before_seq - 1),
                  "evicted"};
    if (gap.from == 0 || gap.from > gap.to) {
        return;
    }
    const FrameRef frame = encoder_.gap(session.encoding(), topic.path, gap);
    if (frame) {
        session.push(frame);
    }
}

void TopicStart::send_kept(const Subscription& subscription, LocalTopic& topic,
                           const Batch& kept, size_t count)
{
    if (count == 0) {
        return;
    }
    const FrameRef frame = kept_frame(subscription, topic, kept, count);
    subscription.session->push(frame);
    store_.workers.counters(worker_).delivered.add(frame->messages());
}

// The messages in the form that the subscription asks for, which from here on
// is at the last of them.
FrameRef TopicStart::kept_frame(const Subscription& subscription,
                                LocalTopic& topic, const Batch& kept,
                                size_t last)
{
    const Encoding encoding = subscription.session->encoding();
    const Position newest = kept[last - 1].message.at;
    Track* track = pacer_.begin(subscription, topic);
    if (!subscription.delta) {
        return encoder_.messages(encoding, topic.path, kept, 0, last);
    }
    keep_latest_if_wanted(topic, deltas_);
    Latest& latest = *topic.latest;
    const auto texts = latest.make_texts(kept, 0, last, topic.policy.delta);
    if (newest == topic.last && latest.empty()) {
        latest.set(kept, last - 1, texts);
    }
    if (track != nullptr) {
        if (!latest.empty() && newest == latest.message().at &&
            newest == topic.last) {
            Pacer::got_latest(topic, *track);
        } else {
            track->base.seq = newest.seq;
        }
    }
    return encoder_.texts(encoding, topic.path, kept, 0, texts, false);
}

} // namespace ws_pubsub
