// Who on a worker wants what: all its subscriptions to one selector are a
// group, and each topic of which some group wants the messages is local.
//
//   LocalTopic ── groups ──▶ Group ── members ──▶ Subscription ──▶ Session
//
// A session is in a group once for each of its subscriptions; where several of
// its groups share a topic, a pass over the topic's members meets it more than
// once (passes.hpp).
//
// Thread safety: none; a worker's own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/message.hpp"
#include "base/topic.hpp"
#include "broker/latest.hpp"
#include "broker/session.hpp"
#include "broker/subscription.hpp"

namespace ws_pubsub {

class Subscribing;
struct Interest;
struct SelectorRecord;

// What a group has while subscriptions to it are in the making.
struct PendingSubscriptions {
    std::vector<Subscribing*> who;
    uint64_t born = 0;     // topics that became local later are linked at once,
    std::string linked_to; // the others in path order
};

struct Group {
    explicit Group(Selector s) : selector(std::move(s)) {}

    Selector selector;
    std::vector<Subscription*> members;
    std::vector<LocalTopic*> topics;
    std::vector<uint32_t> places;                  // in each topic's groups
    std::unique_ptr<PendingSubscriptions> pending; // null: there are none
    // In the zone; null if exact, but for topics of limited subscribers.
    SelectorRecord* record = nullptr;
    uint32_t uncounted = 0; // of its topics, the first so many are to recount
    bool linked = false;    // to all topics
    bool recount = false;   // is in the broker's list of groups to recount,
    bool again = false;     // and has changed since that was begun
    bool wants_latest = false; // a member wants less than all messages,
    bool wants_texts = false;  // or deltas
};

struct LocalTopic {
    std::string path;
    Interest* interest = nullptr;
    Policy policy;
    std::unique_ptr<Latest> latest; // null: nobody needs it
    std::vector<Group*> groups;
    std::vector<uint32_t> places; // in each group's topics
    uint64_t born = 0;            // when it became local
    // How many members of the groups are there for a session that is counted
    // already, as another group's member.
    uint32_t repeats = 0;
    Position last; // of the last message delivered; epoch 0: none there
    bool to_review = false; // is in the list of those
};

// Begins to keep the topic's latest message, and its text, where somebody may
// want them. REQUIRES: before each message that comes.
void keep_latest_if_wanted(LocalTopic& topic, DeltaMaker& deltas);

// Whether the subscription, as far as it has come, brings the messages of a
// topic that it matches.
inline bool is_live_without_asking(const Subscription& subscription,
                                   const LocalTopic& topic)
{
    const CatchUpState* catch_up = subscription.catch_up.get();
    return catch_up == nullptr ||
           (catch_up->partial != &topic && (topic.path <= catch_up->after ||
                                            catch_up->early.contains(&topic)));
}

// Whether that is so of one of the subscriptions by which the session gets the
// topic. Looks through those of the session or the topic's groups, whichever
// are fewer.
template <class Predicate>
bool any_bringing(const Subscriptions& subscriptions, const LocalTopic& topic,
                  Predicate&& is_so)
{
    if (topic.groups.size() < subscriptions.size()) {
        return std::any_of(
            topic.groups.begin(), topic.groups.end(), [&](const Group* group) {
                const Subscription* found = subscriptions.find(*group);
                return found != nullptr && is_so(*found);
            });
    }
    const auto all = subscriptions.all();
    return std::any_of(all.begin(), all.end(), [&](const auto& one) {
        return one->group->selector.matches(topic.path) && is_so(*one);
    });
}

} // namespace ws_pubsub
