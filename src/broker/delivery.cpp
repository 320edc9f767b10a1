// From the worker's inbox in the zone into the outboxes of its sessions.
#include <algorithm>

#include "base/prefetch.hpp"
#include "broker/broker.hpp"
#include "broker/offer.hpp"

namespace ws_pubsub {

namespace {

// What one turn of the event loop delivers before others get their turn, and
// what is copied out of the zone in one hold of the lock.
constexpr size_t kBytesPerTurn = 1024UL * 1024;
constexpr size_t kBytesPerLock = 64UL * 1024;

// Whether the session is one of those that the change is about.
bool is_about(const std::vector<std::unique_ptr<Subscription>>& subscriptions,
              const LocalTopic& topic)
{
    return std::any_of(subscriptions.begin(), subscriptions.end(),
                       [&](const std::unique_ptr<Subscription>& one) {
                           return one->group->selector.text() == topic.path;
                       });
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

bool Broker::read_inbox()
{
    Delivery delivery;
    size_t bytes = 0;
    while (bytes < kBytesPerTurn) {
        if (!store_.read_inbox(worker_, kBytesPerLock, delivery,
                               inbox_batch_)) {
            return false;
        }
        bytes += inbox_batch_.bytes() + 1024;
        LocalTopic* topic = delivery.token != 0
                                ? reinterpret_cast<LocalTopic*>(delivery.token)
                                : adopt(delivery);
        if (topic == nullptr) {
            continue;
        }
        if (inbox_batch_.empty()) {
            deliver_loss(*topic, delivery.newest);
        } else {
            deliver(*topic, inbox_batch_);
        }
        if (!delivery.presence.empty()) {
            deliver_presence(*topic, delivery.presence);
        }
    }
    return true;
}

// A topic that came to be while this worker had selectors. nullptr when none
// of them matches it.
LocalTopic* Broker::adopt(const Delivery& delivery)
{
    auto topic = std::make_unique<LocalTopic>();
    topic->path = delivery.path;
    topic->interest = delivery.interest;
    topic->policy = publisher_.policies.of(topic->path);
    index_.match(delivery.path, [&](Group& group) { link(group, *topic); });
    if (topic->groups.empty()) {
        store_.drop_interest(*delivery.interest);
        return nullptr;
    }
    LocalTopic* adopted = topic.get();
    topics_.emplace(adopted->path, std::move(topic));
    store_.claim_interest(*delivery.interest,
                          reinterpret_cast<uint64_t>(adopted));
    count_repeats(*adopted);
    count_subscribers({&adopted, 1});
    return adopted;
}

void Broker::deliver(LocalTopic& topic, const Batch& batch)
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
        while (last < batch.size() && batch[last].kind == ItemKind::message) {
            last++;
        }
        deliver_messages(topic, batch, first, last);
        first = last;
    }
    if (topic.last.epoch == 0) {
        orphan(topic);
    }
}

// All that was unread, up to `newest`, was evicted.
void Broker::deliver_loss(LocalTopic& topic, const Position& newest)
{
    if (newest.epoch != 0) {
        if (newest != topic.last) {
            forget_topic(topic, topic.last.seq);
        }
        deliver_gap(topic, {newest.epoch, newest.seq + 1});
        topic.last = newest;
    } else if (topic.last.epoch != 0) {
        deliver_gone(topic);
    }
    if (topic.last.epoch == 0) {
        orphan(topic);
    }
}

// Calls visit(Subscription&) once for every session for which the topic is
// live. `before_seq`: the first message that comes now; 0 if none.
template <class Visit>
void Broker::for_each_live(LocalTopic& topic, uint64_t before_seq,
                           Visit&& visit)
{
    const bool several = topic.groups.size() > 1;
    const uint64_t stamp = ++stamp_;
    for (const Group* group : topic.groups) {
        const std::vector<Subscription*>& members = group->members;
        for (size_t i = 0; i < members.size(); i++) {
            prefetch_from(members, i);
            Subscription* member = members[i];
            Session& session = *member->session;
            if (session.stopped() ||
                (several && (session.stamp_ == stamp ||
                             is_faster_elsewhere(*member, topic))) ||
                (member->catch_up != nullptr &&
                 !is_live(*member, topic, before_seq))) {
                continue;
            }
            session.stamp_ = stamp;
            visit(*member);
        }
    }
}

// Queues what encode(encoding) says for all of them but those that will get
// nothing but the newest message later: it is about messages before that.
template <class Encode>
void Broker::notify_all(LocalTopic& topic, uint64_t before_seq, Encode&& encode)
{
    FrameCache frames;
    for_each_live(topic, before_seq, [&](Subscription& member) {
        Session& session = *member.session;
        const FrameRef& frame = frames.get(session.encoding(), encode);
        if (frame && !misses(session, topic)) {
            session.send(frame);
        }
    });
}

// Says what is missing between the last message delivered and `next`.
void Broker::deliver_gap(LocalTopic& topic, const Position& next)
{
    if (next.epoch != topic.last.epoch) {
        forget_topic(topic, topic.last.seq);
        topic.last = {next.epoch, 0};
        notify_all(topic, next.seq, [&](Encoding encoding) {
            return encoder_.topic(encoding, topic.path, topic.last);
        });
    }
    if (next.seq > topic.last.seq + 1) {
        const Gap gap{topic.last.seq + 1, next.seq - 1, "evicted"};
        notify_all(topic, next.seq, [&](Encoding encoding) {
            return encoder_.gap(encoding, topic.path, gap);
        });
    }
}

void Broker::deliver_messages(LocalTopic& topic, const Batch& batch,
                              size_t first, size_t last)
{
    const Position at = batch[first].message.at;
    deliver_gap(topic, at);
    Offer offer{batch, first, last, {}, {}, {}, {}};
    prepare_newest(topic);
    if (topic.newest != nullptr) {
        offer.texts = make_texts(topic, batch, first, last);
        set_newest(topic, batch, last - 1, offer.texts);
    }
    topic.last = batch[last - 1].message.at;

    const bool conflates = topic.policy.conflate != Conflate::off;
    uint64_t delivered = 0;
    for_each_live(topic, at.seq, [&](Subscription& member) {
        Session& session = *member.session;
        if (conflates || session.tracks_ != nullptr || member.delta ||
            member.interval_ms > 0) {
            delivered += offer_to(member, topic, offer);
            return;
        }
        const FrameRef& frame =
            offer.data.get(session.encoding(), [&](Encoding encoding) {
                return encoder_.messages(encoding, topic.path, batch, first,
                                         last);
            });
        if (session.send(frame)) {
            delivered += frame->messages();
        }
    });
    if (delivered > 0) {
        store_.counters(worker_).delivered.add(delivered);
    }
}

void Broker::deliver_gone(LocalTopic& topic)
{
    forget_topic(topic, topic.last.seq);
    topic.last = {};
    notify_all(topic, 0, [&](Encoding encoding) {
        return encoder_.gone(encoding, topic.path, "deleted");
    });
    for (const Group* group : topic.groups) {
        for (Subscription* member : group->members) {
            if (member->catch_up != nullptr) {
                member->catch_up->early.erase(&topic);
                if (member->catch_up->partial == &topic) {
                    member->catch_up->partial = nullptr;
                }
            }
        }
    }
}

void Broker::deliver_presence(LocalTopic& topic,
                              std::span<const PresenceChange> changes)
{
    for (const PresenceChange& change : changes) {
        FrameCache frames;
        for_each_live(topic, 0, [&](Subscription& member) {
            Session& session = *member.session;
            if (session.identity() == change.who &&
                is_about(session.subscriptions_, topic)) {
                return;
            }
            const FrameRef& frame =
                frames.get(session.encoding(), [&](Encoding encoding) {
                    return encoder_.presence(encoding, topic.path, change);
                });
            if (frame) {
                session.send(frame);
            }
        });
    }
}

// Whether the subscription, which is still catching up, gets the topic's
// messages as they come. `before_seq`: the first that comes now; 0 if none.
bool Broker::is_live(Subscription& subscription, LocalTopic& topic,
                     uint64_t before_seq)
{
    CatchUp& catch_up = *subscription.catch_up;
    if (topic.path <= catch_up.after || catch_up.early.contains(&topic)) {
        return true;
    }
    if (before_seq == 0) {
        // Only who was told of a topic need know that it is gone.
        return topic.path <= catch_up.listed_to ||
               (catch_up.partial == &topic && catch_up.partial_at.seq != 0);
    }
    return start_early(subscription, topic, before_seq);
}

} // namespace ws_pubsub
