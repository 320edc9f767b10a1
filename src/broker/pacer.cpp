#include "broker/pacer.hpp"

#include <algorithm>
#include <memory>

#include "base/budget.hpp"
#include "broker/review.hpp"

namespace ws_pubsub {

namespace {

// A track counts as so many bytes of its session's queue, which so limits
// their number.
constexpr size_t kTrackBytes = 128;

// What it costs to let go of one, in sessions reached by a delivery.
constexpr size_t kForgetCost = 8;

} // namespace

bool Pacer::any_faster(const Subscription& member, const LocalTopic& topic)
{
    return any_bringing(member.session->seat().subscriptions, topic,
                        [&](const Subscription& other) {
                            return other.interval_ms < member.interval_ms &&
                                   other.catch_up == nullptr && may_get(other);
                        });
}

Track* Pacer::find_track(const Session& session, LocalTopic& topic)
{
    Tracks* tracks = session.seat().tracks.get();
    return tracks == nullptr ? nullptr : tracks->find(topic);
}

bool Pacer::is_skipping(const Session& session, LocalTopic& topic)
{
    const Track* track = find_track(session, topic);
    return track != nullptr && track->skipped_from != 0;
}

// The session gets a message of the topic in a form that no delta begins with.
void Pacer::forget_base(const Session& session, LocalTopic& topic)
{
    if (Track* track = find_track(session, topic)) {
        track->base.forget();
    }
}

// The member's track of the topic; nullptr where it has too many already.
Track* Pacer::track_of(const Subscription& member, LocalTopic& topic)
{
    Session& session = *member.session;
    if (session.seat().tracks == nullptr) {
        session.seat().tracks = std::make_unique<Tracks>();
    }
    Track* track = session.seat().tracks->find(topic);
    if (track == nullptr) {
        if (session.seat().tracks->size() >=
            session.limits().queue_bytes / kTrackBytes) {
            return nullptr;
        }
        track = &session.seat().tracks->of(topic);
    }
    track->delta |= member.delta;
    track->interval_ms = member.interval_ms;
    return track;
}

// The session skips the messages from `from` on, and gets the latest one later:
// at `due_ms`, or if that is 0 when its outbox is empty.
void Pacer::skip(const Subscription& member, LocalTopic& topic, uint64_t from,
                 int64_t due_ms)
{
    Session& session = *member.session;
    if (track_of(member, topic) == nullptr) {
        session.close_too_slow();
        return;
    }
    Tracks& tracks = *session.seat().tracks;
    if (due_ms == 0) {
        tracks.skip(topic, from);
    } else {
        tracks.skip_until(topic, from, due_ms);
        set_timer(session, tracks.next_due_ms().value_or(0));
    }
}

uint64_t Pacer::offer(const Subscription& member, LocalTopic& topic,
                      MessageFrames& frames)
{
    Session& session = *member.session;
    if (is_skipping(session, topic)) {
        return 0;
    }
    Track* track = nullptr;
    if (member.delta || member.interval_ms > 0) {
        track = track_of(member, topic);
    } else {
        forget_base(session, topic);
    }
    const uint64_t from = frames.first_seq();
    if (member.interval_ms > 0 && track != nullptr) {
        if (clock_.ticks_ms() < track->next_ms) {
            skip(member, topic, from, track->next_ms);
            return 0;
        }
        return offer_latest(member, topic, track, from);
    }
    if (topic.policy.conflate == Conflate::always) {
        return offer_latest(member, topic, track, from);
    }
    const FrameRef& frame = track == nullptr || !track->delta
                                ? frames.data(session.encoding())
                                : frames.texts(session.encoding(), track->base);
    if (topic.policy.conflate == Conflate::full &&
        !session.make_room(frame->size())) {
        skip(member, topic, from, 0);
        return 0;
    }
    if (!session.send(frame, &laggards_)) {
        return 0;
    }
    if (track != nullptr) {
        got_latest(topic, *track);
    }
    return frame->messages();
}

// Sends the latest message now, or when the session has read what waits.
uint64_t Pacer::offer_latest(const Subscription& member, LocalTopic& topic,
                             Track* track, uint64_t from)
{
    if (member.session->outbox().stalled() || !member.session->has_room()) {
        skip(member, topic, from, 0);
        return 0;
    }
    return send_latest(*member.session, topic, track, from);
}

Track* Pacer::begin(const Subscription& subscription, LocalTopic& topic)
{
    Track* track = subscription.delta || subscription.interval_ms > 0
                       ? track_of(subscription, topic)
                       : nullptr;
    forget_base(*subscription.session, topic);
    if (track != nullptr) {
        track->next_ms = clock_.ticks_ms() + subscription.interval_ms;
    }
    return track;
}

void Pacer::got_latest(LocalTopic& topic, Track& track)
{
    if (!track.delta) {
        track.base.forget();
        return;
    }
    const bool may_skip =
        track.interval_ms > 0 || topic.policy.conflate != Conflate::off;
    topic.latest->become_base(track.base, may_skip && topic.policy.delta);
}

// Sends the latest message, after a gap if there were others from `from` on.
// REQUIRES: the session has room.
uint64_t Pacer::send_latest(Session& session, LocalTopic& topic, Track* track,
                            uint64_t from)
{
    if (from < topic.last.seq) {
        session.counters().dropped += topic.last.seq - from;
        store_.workers.counters(worker_).conflated.add(topic.last.seq - from);
        const FrameRef gap =
            topic.latest->gap(encoder_, session.encoding(), topic.path, from);
        if (gap) {
            session.push(gap);
        }
    }
    const DeltaBase* base =
        track != nullptr && track->delta ? &track->base : nullptr;
    const FrameRef frame =
        topic.latest->frame(encoder_, session.encoding(), topic.path, base);
    session.push(frame);
    if (track != nullptr) {
        got_latest(topic, *track);
        track->next_ms =
            track->interval_ms > 0 ? clock_.ticks_ms() + track->interval_ms : 0;
    }
    return frame->messages();
}

// Whether the latest message has become too old since it came.
bool Pacer::latest_expired(const LocalTopic& topic) const
{
    const int64_t ttl_ms = topic.policy.ttl_ms;
    return ttl_ms != 0 && topic.latest->message().born_ms + ttl_ms <=
                              store_.clock().ticks_ms();
}

// What the session has skipped from `from` on, it will not get.
void Pacer::send_expired(Session& session, const LocalTopic& topic,
                         uint64_t from)
{
    session.counters().dropped += topic.last.seq - from + 1;
    const FrameRef gap = encoder_.gap(session.encoding(), topic.path,
                                      {from, topic.last.seq, "evicted"});
    if (gap) {
        session.push(gap);
    }
}

bool Pacer::send_skipped(Session& session, size_t& bytes_left)
{
    if (session.seat().tracks == nullptr || !session.outbox().empty()) {
        return false;
    }
    Tracks& tracks = *session.seat().tracks;
    tracks.advance(clock_.ticks_ms());
    if (bytes_left == 0 && tracks.any_ready()) {
        return true;
    }
    uint64_t delivered = 0;
    while (bytes_left > 0 && session.has_room() && !session.stopped()) {
        LocalTopic* topic = tracks.take_ready();
        if (topic == nullptr) {
            break;
        }
        spend(bytes_left, topic->latest->bytes() + kTrackBytes);
        Track& track = *tracks.find(*topic);
        const uint64_t from = std::exchange(track.skipped_from, 0);
        if (latest_expired(*topic)) {
            send_expired(session, *topic, from);
        } else {
            delivered += send_latest(session, *topic, &track, from);
        }
        if (!track.delta && track.interval_ms == 0) {
            tracks.forget(*topic);
        }
    }
    if (delivered > 0) {
        store_.workers.counters(worker_).delivered.add(delivered);
    }
    drop_if_unused(session);
    return false;
}

void Pacer::drop(Session& session)
{
    if (session.seat().tracks != nullptr) {
        set_timer(session, 0);
        session.seat().tracks.reset();
    }
}

// Of a session that has lost a track, or of which one waits no more.
void Pacer::drop_if_unused(Session& session)
{
    const Tracks& tracks = *session.seat().tracks;
    if (tracks.size() == 0) {
        drop(session);
    } else {
        set_timer(session, tracks.next_due_ms().value_or(0));
    }
}

// The session has nothing more to do with the topic: what it has skipped up to
// `last_seq` it will not get.
void Pacer::forget(Session& session, LocalTopic& topic, uint64_t last_seq)
{
    const Track* track = find_track(session, topic);
    if (track == nullptr) {
        return;
    }
    budget_.reached += kForgetCost;
    if (track->skipped_from != 0 && !session.stopped()) {
        const FrameRef gap =
            encoder_.gap(session.encoding(), topic.path,
                         {track->skipped_from, last_seq, "conflated"});
        if (gap) {
            session.send(gap, &laggards_);
        }
    }
    session.seat().tracks->forget(topic);
    drop_if_unused(session);
}

void Pacer::forget_topic(LocalTopic& topic, uint64_t last_seq)
{
    for (const Group* group : topic.groups) {
        budget_.reached += group->members.size();
        for (const Subscription* member : group->members) {
            forget(*member->session, topic, last_seq);
        }
    }
}

// Leaves the session's track of the topic to its other subscriptions: what it
// has skipped it will get as they want it. False: none of them needs it.
bool Pacer::hand_over(const Subscription& ending, LocalTopic& topic)
{
    bool live = false;
    bool delta = false;
    int64_t interval_ms = INT64_MAX;
    (void)any_bringing(
        ending.session->seat().subscriptions, topic,
        [&](const Subscription& other) {
            if (&other != &ending && is_live_without_asking(other, topic)) {
                live = true;
                delta |= other.delta;
                interval_ms = std::min(interval_ms, other.interval_ms);
            }
            return false; // look at all
        });
    Track& track = *ending.session->seat().tracks->find(topic);
    if (!live || (track.skipped_from == 0 && !delta && interval_ms == 0)) {
        return false;
    }
    track.delta = delta;
    track.interval_ms = interval_ms;
    if (!delta) {
        track.base.forget();
    }
    return true;
}

void Pacer::end(const Subscription& subscription)
{
    Session& session = *subscription.session;
    const Group& group = *subscription.group;
    if (session.seat().tracks == nullptr) {
        return;
    }
    if (group.selector.is_exact()) {
        end(subscription, *group.topics.front());
        return;
    }
    for (LocalTopic* topic : session.seat().tracks->topics()) {
        if (group.selector.matches(topic->path)) {
            end(subscription, *topic);
        }
    }
}

void Pacer::end(const Subscription& subscription, LocalTopic& topic)
{
    Session& session = *subscription.session;
    if (find_track(session, topic) != nullptr &&
        !hand_over(subscription, topic)) {
        forget(session, topic, topic.last.seq);
    }
}

// `due_ms`: by the clock's ticks; 0: there is nothing to wait for. REQUIRES:
// the session has tracks.
void Pacer::set_timer(Session& session, int64_t due_ms)
{
    int64_t& timer_ms = session.seat().tracks->timer_ms;
    if (due_ms == timer_ms) {
        return;
    }
    if (timer_ms != 0) {
        timers_.erase({timer_ms, &session});
    }
    timer_ms = due_ms;
    if (due_ms != 0) {
        const auto added = timers_.emplace(due_ms, &session).first;
        if (added == timers_.begin()) {
            arm_timer();
        }
    }
}

void Pacer::arm_timer()
{
    int64_t due_ms = laggards_.none() ? INT64_MAX : laggards_.due_ms();
    if (!timers_.empty()) {
        due_ms = std::min(due_ms, timers_.begin()->first);
    }
    scheduler_.run_at(due_ms);
}

void Pacer::run_due()
{
    const int64_t now_ms = clock_.ticks_ms();
    while (!timers_.empty() && timers_.begin()->first <= now_ms) {
        Session& session = *timers_.begin()->second;
        Tracks& tracks = *session.seat().tracks;
        tracks.advance(now_ms);
        set_timer(session, tracks.next_due_ms().value_or(0));
        if (session.outbox().empty()) {
            session.flush_soon();
        }
    }
    if (!timers_.empty() || !laggards_.none()) {
        arm_timer();
    }
}

} // namespace ws_pubsub
