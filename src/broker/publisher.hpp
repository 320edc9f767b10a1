// Publishes into a zone by the policies of its topics.
#pragma once

#include "broker/policies.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

struct Publisher {
    Store& store;
    const Policies& policies;

    // Fills in the policy, then as Topics::publish().
    [[nodiscard]] Result<ChangeAnswer> publish(const Change& change) const
    {
        Change made = with_policy(change);
        store.topics.stamp(made);
        return store.topics.apply(made);
    }

    // Likewise, as Topics::publish_revised().
    [[nodiscard]] Result<ChangeAnswer>
    publish_revised(const Change& change, const Topics::Revision& revise) const
    {
        return store.topics.publish_revised(with_policy(change), revise);
    }

    [[nodiscard]] Change with_policy(Change change) const
    {
        change.policy = policies.of(change.topic);
        return change;
    }
};

} // namespace ws_pubsub
