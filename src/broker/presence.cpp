// Who is subscribed to a topic: a session with an identity that subscribes to
// a topic by its name is present in it; all others of the topic are told.
#include "broker/broker.hpp"

namespace ws_pubsub {

// False when the zone is full.
bool Broker::join(Subscription& subscription)
{
    const Selector& selector = subscription.group->selector;
    const std::string& identity = subscription.session->identity();
    if (!selector.is_exact() || identity.empty() ||
        !publisher_.policies.of(selector.text()).presence) {
        return true;
    }
    const LocalTopic* topic = local_topic(selector.text());
    subscription.present =
        topic != nullptr && store_.join(*topic->interest, identity);
    return subscription.present;
}

void Broker::leave_presence(Subscription& subscription)
{
    if (subscription.present) {
        subscription.present = false;
        store_.leave(*subscription.group->topics.front()->interest,
                     subscription.session->identity(),
                     subscription.session->is_expected_back());
    }
}

Presence Broker::who(std::string_view topic)
{
    read_inbox();
    return store_.who(topic, kMaxListedIdentities);
}

} // namespace ws_pubsub
