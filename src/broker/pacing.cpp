// Delivery to those who don't get every message: conflated topics, rates, and
// deltas, which depend on what a session got before.
#include <algorithm>

#include "base/close_code.hpp"
#include "broker/broker.hpp"
#include "broker/offer.hpp"

namespace ws_pubsub {

namespace {

// A track counts as so many bytes of its session's queue, which so limits
// their number.
constexpr size_t kTrackBytes = 128;

} // namespace

// Whether another subscription of the session brings the topic's messages at
// a higher rate.
bool Broker::is_faster_elsewhere(const Subscription& member,
                                 const LocalTopic& topic)
{
    const auto& all = member.session->subscriptions_;
    return member.interval_ms > 0 &&
           std::any_of(all.begin(), all.end(), [&](const auto& other) {
               return other->interval_ms < member.interval_ms &&
                      other->catch_up == nullptr &&
                      other->group->selector.matches(topic.path);
           });
}

// Whether the session has missed messages of the topic, and will get its
// newest one later.
bool Broker::misses(const Session& session, LocalTopic& topic)
{
    const Track* track =
        session.tracks_ == nullptr ? nullptr : session.tracks_->find(topic);
    return track != nullptr && track->missed_from != 0;
}

// The session gets a message of the topic in a form that no delta begins with.
void Broker::forget_base(const Session& session, LocalTopic& topic)
{
    Track* track =
        session.tracks_ == nullptr ? nullptr : session.tracks_->find(topic);
    if (track != nullptr) {
        track->forget_base();
    }
}

// The member's track of the topic; nullptr where it has too many already.
Track* Broker::track_of(const Subscription& member, LocalTopic& topic)
{
    Session& session = *member.session;
    if (session.tracks_ == nullptr) {
        session.tracks_ = std::make_unique<Tracks>();
    }
    Track* track = session.tracks_->find(topic);
    if (track == nullptr) {
        if (session.tracks_->size() >=
            session.limits_.queue_bytes / kTrackBytes) {
            return nullptr;
        }
        track = &session.tracks_->of(topic);
    }
    track->delta |= member.delta;
    track->interval_ms = member.interval_ms;
    return track;
}

// The session does not get the messages from `from` on, but the newest one
// later: at `due_ms`, or if that is 0 when its outbox is empty.
void Broker::miss(const Subscription& member, LocalTopic& topic, uint64_t from,
                  int64_t due_ms)
{
    Session& session = *member.session;
    if (track_of(member, topic) == nullptr) {
        session.transport_.close(kCloseTooSlow, "too slow");
        return;
    }
    if (due_ms == 0) {
        session.tracks_->miss(topic, from);
    } else {
        session.tracks_->miss_until(topic, from, due_ms);
        set_timer(session);
    }
}

// Gives the member what it may have of the messages now. Returns how many that
// were.
uint64_t Broker::offer_to(Subscription& member, LocalTopic& topic, Offer& offer)
{
    Session& session = *member.session;
    if (misses(session, topic)) {
        return 0;
    }
    Track* track = nullptr;
    if (member.delta || member.interval_ms > 0) {
        track = track_of(member, topic);
    } else {
        forget_base(session, topic);
    }
    const uint64_t from = offer.batch[offer.first].message.at.seq;
    if (member.interval_ms > 0 && track != nullptr) {
        if (clock_.ticks_ms() < track->next_ms) {
            miss(member, topic, from, track->next_ms);
            return 0;
        }
        return offer_newest(member, topic, track, from);
    }
    if (topic.policy.conflate == Conflate::always) {
        return offer_newest(member, topic, track, from);
    }
    const FrameRef frame = frame_of(session.encoding(), topic, track, offer);
    if (topic.policy.conflate == Conflate::full &&
        !session.fits(frame->size())) {
        miss(member, topic, from, 0);
        return 0;
    }
    if (!session.send(frame)) {
        return 0;
    }
    if (track != nullptr) {
        got_newest(topic, *track);
    }
    return frame->messages();
}

// Sends the newest message now, or when the session has read what waits.
uint64_t Broker::offer_newest(const Subscription& member, LocalTopic& topic,
                              Track* track, uint64_t from)
{
    if (member.session->stalled() || !member.session->has_room()) {
        miss(member, topic, from, 0);
        return 0;
    }
    return send_newest(*member.session, topic, track, from);
}

// All messages of the offer for a session with that track, or without.
FrameRef Broker::frame_of(Encoding encoding, LocalTopic& topic,
                          const Track* track, Offer& offer)
{
    if (track == nullptr || !track->delta || offer.texts.empty()) {
        return offer.data.get(encoding, [&](Encoding wanted) {
            return encoder_.messages(wanted, topic.path, offer.batch,
                                     offer.first, offer.last);
        });
    }
    const uint64_t first = offer.batch[offer.first].message.at.seq;
    const bool based = track->base != 0 && track->base + 1 == first;
    FrameCache& frames = based ? offer.delta : offer.whole;
    return frames.get(encoding, [&](Encoding wanted) {
        return encoder_.texts(wanted, topic.path, offer.batch, offer.first,
                              offer.texts, based);
    });
}

// Sends the newest message, after a gap if there were others from `from` on.
// REQUIRES: the session has room.
uint64_t Broker::send_newest(Session& session, LocalTopic& topic, Track* track,
                             uint64_t from)
{
    if (from < topic.last.seq) {
        session.counters_.dropped += topic.last.seq - from;
        store_.counters(worker_).conflated.add(topic.last.seq - from);
        const FrameRef gap = newest_gap(topic, session.encoding(), from);
        if (gap) {
            session.push(gap);
        }
    }
    const FrameRef frame = newest_frame(topic, session.encoding(), track);
    session.push(frame);
    if (track != nullptr) {
        got_newest(topic, *track);
        track->next_ms =
            track->interval_ms > 0 ? clock_.ticks_ms() + track->interval_ms : 0;
    }
    return frame->messages();
}

// Whether the newest message has become too old since it came.
bool Broker::newest_expired(const LocalTopic& topic)
{
    const int64_t ttl_ms = topic.policy.ttl_ms;
    return ttl_ms != 0 &&
           topic.newest->message[0].message.time_ms + ttl_ms <= clock_.now_ms();
}

// What the session has missed from `from` on, it will not get.
void Broker::send_expired(Session& session, const LocalTopic& topic,
                          uint64_t from)
{
    session.counters_.dropped += topic.last.seq - from + 1;
    const FrameRef gap = encoder_.gap(session.encoding(), topic.path,
                                      {from, topic.last.seq, "evicted"});
    if (gap) {
        session.push(gap);
    }
}

// The session's outbox is empty: gives it what it has missed.
void Broker::pull(Session& session)
{
    if (session.tracks_ == nullptr || !session.outbox_.empty()) {
        return;
    }
    Tracks& tracks = *session.tracks_;
    tracks.advance(clock_.ticks_ms());
    uint64_t delivered = 0;
    while (session.has_room() && !session.stopped()) {
        LocalTopic* topic = tracks.take_ready();
        if (topic == nullptr) {
            break;
        }
        Track& track = *tracks.find(*topic);
        const uint64_t from = std::exchange(track.missed_from, 0);
        if (newest_expired(*topic)) {
            send_expired(session, *topic, from);
        } else {
            delivered += send_newest(session, *topic, &track, from);
        }
        if (!track.delta && track.interval_ms == 0) {
            tracks.forget(*topic);
        }
    }
    if (delivered > 0) {
        store_.counters(worker_).delivered.add(delivered);
    }
    drop_tracks_if_unused(session);
}

void Broker::drop_tracks_if_unused(Session& session)
{
    if (session.tracks_->size() == 0) {
        session.tracks_.reset();
    }
    set_timer(session);
}

// The session has nothing more to do with the topic: what it has missed up to
// `last_seq` it will not get.
void Broker::forget(Session& session, LocalTopic& topic, uint64_t last_seq)
{
    if (session.tracks_ == nullptr) {
        return;
    }
    const Track* track = session.tracks_->find(topic);
    if (track == nullptr) {
        return;
    }
    if (track->missed_from != 0 && !session.stopped()) {
        const FrameRef gap =
            encoder_.gap(session.encoding(), topic.path,
                         {track->missed_from, last_seq, "conflated"});
        if (gap) {
            session.send(gap);
        }
    }
    session.tracks_->forget(topic);
    drop_tracks_if_unused(session);
}

// The topic is no more, or begins anew.
void Broker::forget_topic(LocalTopic& topic, uint64_t last_seq)
{
    for (const Group* group : topic.groups) {
        for (const Subscription* member : group->members) {
            forget(*member->session, topic, last_seq);
        }
    }
}

// REQUIRES: the subscription ends.
void Broker::settle(const Subscription& subscription)
{
    if (subscription.session->tracks_ != nullptr) {
        for (LocalTopic* topic : subscription.group->topics) {
            forget(*subscription.session, *topic, topic->last.seq);
        }
    }
}

void Broker::set_timer(Session& session)
{
    const int64_t due_ms = session.tracks_ == nullptr
                               ? 0
                               : session.tracks_->next_due_ms().value_or(0);
    if (due_ms == session.timer_ms_) {
        return;
    }
    if (session.timer_ms_ != 0) {
        timers_.erase({session.timer_ms_, &session});
    }
    session.timer_ms_ = due_ms;
    if (due_ms != 0) {
        const auto added = timers_.emplace(due_ms, &session).first;
        if (added == timers_.begin()) {
            scheduler_.run_at(due_ms);
        }
    }
}

void Broker::run_due()
{
    const int64_t now_ms = clock_.ticks_ms();
    while (!timers_.empty() && timers_.begin()->first <= now_ms) {
        Session& session = *timers_.begin()->second;
        session.tracks_->advance(now_ms);
        set_timer(session);
        if (session.outbox_.empty()) {
            session.transport_.flush_soon();
        }
    }
    if (!timers_.empty()) {
        scheduler_.run_at(timers_.begin()->first);
    }
}

} // namespace ws_pubsub
