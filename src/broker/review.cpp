#include "broker/review.hpp"

#include "broker/groups.hpp"

namespace ws_pubsub {

bool may_get(const Subscription& subscription)
{
    const Session& session = *subscription.session;
    if (session.stopped()) {
        return false;
    }
    const Review* review = session.seat().review;
    return review == nullptr ||
           review->may.allows(subscription.group->selector);
}

} // namespace ws_pubsub
