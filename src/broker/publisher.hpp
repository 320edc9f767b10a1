// Publishes into a zone by the policies of its topics.
#pragma once

#include "broker/policies.hpp"
#include "shm/store.hpp"

namespace ws_pubsub {

struct Publisher {
    Store& store;
    const Policies& policies;

    // Fills in the policy, then as Store::publish().
    [[nodiscard]] Result<PublishAnswer>
    publish(const Publication& publication) const
    {
        return store.publish(with_policy(publication));
    }

    // Likewise, as Store::publish_change().
    [[nodiscard]] Result<PublishAnswer>
    publish_change(const Publication& publication,
                   const Store::Change& change) const
    {
        return store.publish_change(with_policy(publication), change);
    }

    [[nodiscard]] Publication with_policy(Publication publication) const
    {
        publication.policy = policies.of(publication.topic);
        return publication;
    }
};

} // namespace ws_pubsub
