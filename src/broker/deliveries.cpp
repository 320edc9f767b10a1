#include "broker/deliveries.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/budget.hpp"
#include "base/prefetch.hpp"
#include "broker/message_frames.hpp"
#include "broker/review.hpp"
#include "broker/session.hpp"
#include "broker/subscribing.hpp"

namespace ws_pubsub {

namespace {

// What is copied out of the zone in one hold of the lock; and the share of the
// smallest queue that is delivered together, so that sessions have room for it
// more often than not.
constexpr size_t kBytesPerLock = 64UL * 1024;
constexpr size_t kBatchShare = 4;

// Whether the next one is a message of the same epoch.
bool goes_on(const Batch::Entry& first, const Batch::Entry& next)
{
    return next.kind == ItemKind::message &&
           next.message.at.epoch == first.message.at.epoch;
}

// Brings closer what the next ones need.
void prefetch_from(const std::vector<Subscription*>& members, size_t place)
{
    if (place + 8 < members.size()) {
        prefetch_lines<1>(members[place + 8]);
        prefetch_lines<2>(members[place + 4]->session);
    }
}

} // namespace

Deliveries::Inbox Deliveries::read()
{
    Delivery delivery;
    while (parts_.budget.may_deliver()) {
        if (is_held()) {
            return waits_for_zone_ ? Inbox::empty : Inbox::held;
        }
        if (parts_.untold.topic() != nullptr) {
            deliver_untold();
            continue;
        }
        if (!parts_.store.inboxes.read(parts_.worker, batch_bytes(), delivery,
                                       batch_)) {
            return Inbox::empty;
        }
        spend(parts_.budget.inbox_bytes_left, batch_.bytes() + kTurnTopicBytes);
        if (delivery.interest == nullptr) {
            continue;
        }
        LocalTopic* topic = delivery.token != 0
                                ? reinterpret_cast<LocalTopic*>(delivery.token)
                                : parts_.topics.adopt(delivery);
        if (topic == nullptr) {
            continue;
        }
        if (delivery.displaced) {
            resume(*topic);
        } else if (batch_.empty()) {
            deliver_loss(*topic, delivery.newest);
        } else {
            deliver(*topic, batch_);
        }
        if (!delivery.presence.empty()) {
            parts_.untold.set(*topic, std::move(delivery.presence));
        }
    }
    return Inbox::more;
}

// (Where the zone is served again all workers are woken.)
bool Deliveries::is_not_served()
{
    if (!parts_.store.following.serves()) {
        waits_for_zone_ = true;
    } else if (std::exchange(waits_for_zone_, false)) {
        go_on();
    }
    return waits_for_zone_;
}

bool Deliveries::is_held()
{
    if (is_not_served()) {
        return true;
    }
    if (parts_.laggards.none()) {
        return false;
    }
    if (!parts_.laggards.hold()) {
        go_on();
        return false;
    }
    parts_.pacer.arm_timer();
    return true;
}

void Deliveries::caught_up(Session& session)
{
    if (parts_.laggards.remove(session)) {
        go_on();
    }
}

// Nobody is waited for any more. What comes now may make the same session lag,
// and have room, again: so in the next turn, or this one might not end.
void Deliveries::go_on()
{
    parts_.scheduler.read_inbox_next();
    if (std::exchange(catch_up_is_held_, false)) {
        parts_.scheduler.run_soon();
    }
}

size_t Deliveries::batch_bytes() const
{
    return queues_.empty()
               ? kBytesPerLock
               : std::min(kBytesPerLock, queues_.begin()->first / kBatchShare);
}

void Deliveries::add_queue(const Session& session)
{
    queues_[session.limits().queue_bytes]++;
}

void Deliveries::remove_queue(const Session& session)
{
    const auto found = queues_.find(session.limits().queue_bytes);
    if (--found->second == 0) {
        queues_.erase(found);
    }
}

void Deliveries::deliver(LocalTopic& topic, const Batch& batch)
{
    size_t first = 0;
    while (first < batch.size()) {
        const Batch::Entry head = batch[first];
        if (head.kind == ItemKind::gone) {
            deliver_gone(topic);
            first++;
            continue;
        }
        size_t last = first + 1;
        while (last < batch.size() && goes_on(head, batch[last])) {
            last++;
        }
        deliver_messages(topic, batch, first, last);
        first = last;
    }
    if (topic.last.epoch == 0) {
        parts_.topics.review_later(topic);
    }
}

size_t Deliveries::unread_bytes()
{
    return parts_.budget.reached >= kReachedPerTurn
               ? 0
               : std::min(parts_.budget.inbox_bytes_left, batch_bytes());
}

void Deliveries::deliver_unread(LocalTopic& topic, const Batch& unread,
                                const ReadAnswer& answer)
{
    if (!unread.empty()) {
        spend(parts_.budget.inbox_bytes_left, unread.bytes() + kTurnTopicBytes);
        deliver(topic, unread);
    } else if (!answer.unread && topic.last != answer.newest) {
        deliver_loss(topic, answer.newest);
    }
}

// All that was unread, up to `newest`, was evicted.
void Deliveries::deliver_loss(LocalTopic& topic, const Position& newest)
{
    if (newest.epoch != 0) {
        if (newest != topic.last) {
            parts_.pacer.forget_topic(topic, topic.last.seq);
        }
        deliver_gap(topic, {newest.epoch, newest.seq + 1});
        topic.last = newest;
    } else if (topic.last.epoch != 0) {
        deliver_gone(topic);
    }
    if (topic.last.epoch == 0) {
        parts_.topics.review_later(topic);
    }
}

// Calls visit(Subscription&) once for every session for which the topic is
// live. `before_seq`: the first message that comes now; 0 if none.
template <class Visit>
void Deliveries::for_each_live(LocalTopic& topic, uint64_t before_seq,
                               Visit&& visit)
{
    const bool several = topic.groups.size() > 1;
    const uint64_t stamp = parts_.passes.begin();
    for (const Group* group : topic.groups) {
        const std::vector<Subscription*>& members = group->members;
        parts_.budget.reached += members.size();
        for (size_t i = 0; i < members.size(); i++) {
            prefetch_from(members, i);
            Subscription* member = members[i];
            Session& session = *member->session;
            if ((!session.takes_all() && !may_get(*member)) ||
                (several && (session.seat().stamp == stamp ||
                             Pacer::is_faster_elsewhere(*member, topic))) ||
                (member->catch_up != nullptr &&
                 !parts_.start.is_live(*member, topic, before_seq))) {
                continue;
            }
            session.seat().stamp = stamp;
            visit(*member);
        }
    }
}

// Queues what encode(encoding) says for all of them but those that will get
// nothing but the latest message later: it is about messages before that.
template <class Encode>
void Deliveries::notify_all(LocalTopic& topic, uint64_t before_seq,
                            Encode&& encode)
{
    FrameCache frames;
    for_each_live(topic, before_seq, [&](Subscription& member) {
        Session& session = *member.session;
        const FrameRef& frame = frames.get(session.encoding(), encode);
        if (frame && !Pacer::is_skipping(session, topic)) {
            session.send(frame, &parts_.laggards);
        }
    });
}

// Says what is missing between the last message delivered and `next`.
void Deliveries::deliver_gap(LocalTopic& topic, const Position& next)
{
    if (next.epoch != topic.last.epoch) {
        deliver_epoch(topic, next);
    }
    if (next.seq > topic.last.seq + 1) {
        const Gap gap{topic.last.seq + 1, next.seq - 1, "evicted"};
        notify_all(topic, next.seq, [&](Encoding encoding) {
            return parts_.encoder.gap(encoding, topic.path, gap);
        });
    }
}

// `next` is of a topic that has come to be, or that goes on under another
// epoch: then all who were told of it have to know.
void Deliveries::deliver_epoch(LocalTopic& topic, const Position& next)
{
    const bool forked = topic.last.epoch != 0 &&
                        parts_.store.topics.is_known(topic.path, topic.last);
    const uint64_t was = forked ? topic.last.epoch : 0;
    parts_.pacer.forget_topic(topic, topic.last.seq);
    topic.last = {next.epoch, forked ? topic.last.seq : 0};
    if (!forked) {
        tell_subscribing(topic);
    }
    notify_all(topic, forked ? 0 : next.seq, [&](Encoding encoding) {
        return parts_.encoder.topic(encoding, topic.path, topic.last, was);
    });
}

// The topic has come to be: those who are about to subscribe may have looked
// for it before.
void Deliveries::tell_subscribing(const LocalTopic& topic)
{
    for (const Group* group : topic.groups) {
        if (group->pending != nullptr) {
            for (Subscribing* one : group->pending->who) {
                one->add_new(topic.path);
            }
        }
    }
}

void Deliveries::deliver_messages(LocalTopic& topic, const Batch& batch,
                                  size_t first, size_t last)
{
    const Position at = batch[first].message.at;
    deliver_gap(topic, at);
    MessageFrames frames(parts_.encoder, topic.path, batch, first, last);
    keep_latest_if_wanted(topic, parts_.deltas);
    if (topic.latest != nullptr) {
        auto texts =
            topic.latest->make_texts(batch, first, last, topic.policy.delta);
        topic.latest->set(batch, last - 1, texts);
        frames.set_texts(std::move(texts));
    }
    topic.last = batch[last - 1].message.at;

    const bool conflates = topic.policy.conflate != Conflate::off;
    uint64_t delivered = 0;
    for_each_live(topic, at.seq, [&](Subscription& member) {
        Session& session = *member.session;
        if (conflates || Pacer::is_for(member)) {
            delivered += parts_.pacer.offer(member, topic, frames);
            return;
        }
        const FrameRef& frame = frames.data(session.encoding());
        if (session.send(frame, &parts_.laggards)) {
            delivered += frame->messages();
        }
    });
    if (delivered > 0) {
        parts_.store.workers.counters(parts_.worker).delivered.add(delivered);
    }
}

// Where the topic does not go on from what its sessions know, it is told as one
// that has come to be; what comes next is its value.
void Deliveries::resume(LocalTopic& topic)
{
    const Resumed resumed =
        parts_.store.resuming.resume(*topic.interest, topic.last);
    if (resumed.goes_on) {
        return;
    }
    parts_.start.set_back(resumed.start);
    deliver_gone(topic, resumed.lost ? "reset" : "deleted");
    topic.last = resumed.start;
    if (topic.last.epoch == 0) {
        return parts_.topics.review_later(topic);
    }
    tell_subscribing(topic);
    notify_all(topic, 0, [&](Encoding encoding) {
        return parts_.encoder.topic(encoding, topic.path, topic.last, 0);
    });
    parts_.start.set_back({});
}

void Deliveries::deliver_gone(LocalTopic& topic, std::string_view why)
{
    parts_.pacer.forget_topic(topic, topic.last.seq);
    topic.last = {};
    notify_all(topic, 0, [&](Encoding encoding) {
        return parts_.encoder.gone(encoding, topic.path, why);
    });
    for (const Group* group : topic.groups) {
        parts_.budget.reached += group->members.size();
        for (Subscription* member : group->members) {
            if (member->catch_up != nullptr) {
                parts_.start.forget(*member, topic);
            }
        }
    }
}

// The next change. REQUIRES: there is one.
void Deliveries::deliver_untold()
{
    LocalTopic& topic = *parts_.untold.topic();
    deliver_presence(topic, parts_.untold.take());
    if (parts_.untold.empty()) {
        parts_.untold.clear();
        if (topic.last.epoch == 0) {
            parts_.topics.review_later(topic); // nothing keeps it any more
        }
    }
}

void Deliveries::deliver_presence(LocalTopic& topic,
                                  const PresenceChange& change)
{
    const Group* own = parts_.topics.find_group(topic.path);
    FrameCache frames;
    for_each_live(topic, 0, [&](Subscription& member) {
        Session& session = *member.session;
        if (session.identity().text() == change.who && own != nullptr &&
            session.seat().subscriptions.find(*own) != nullptr) {
            return; // that the change is about
        }
        const FrameRef& frame =
            frames.get(session.encoding(), [&](Encoding encoding) {
                return parts_.encoder.presence(encoding, topic.path, change);
            });
        if (frame) {
            session.send(frame, &parts_.laggards);
        }
    });
}

} // namespace ws_pubsub
