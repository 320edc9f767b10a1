#include "broker/catch_up_ring.hpp"

#include "broker/subscription.hpp"

namespace ws_pubsub {

void CatchUpRing::begin(Subscription& subscription)
{
    subscription.catch_up = std::make_unique<CatchUpState>();
    Subscription* first = first_ == nullptr ? &subscription : first_;
    Subscription* last =
        first_ == nullptr ? &subscription : first->catch_up->before;
    subscription.catch_up->before = last;
    subscription.catch_up->behind = first;
    last->catch_up->behind = &subscription;
    first->catch_up->before = &subscription;
    first_ = first;
}

void CatchUpRing::end(Subscription& subscription)
{
    if (subscription.catch_up == nullptr) {
        return;
    }
    Subscription* before = subscription.catch_up->before;
    Subscription* behind = subscription.catch_up->behind;
    before->catch_up->behind = behind;
    behind->catch_up->before = before;
    if (first_ == &subscription) {
        first_ = behind == &subscription ? nullptr : behind;
    }
    subscription.catch_up.reset();
}

} // namespace ws_pubsub
