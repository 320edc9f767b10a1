// A session whose rights have changed: its subscriptions are looked at again,
// in several turns if there are many.
//
// Until that is over the session gets what is published of what it may have,
// and nothing else: each delivery asks (may_get()), and what a subscription
// starts with waits. So nothing goes out that it may not have any more, and
// nothing is missed of what it may.
#pragma once

#include <cstddef>
#include <string>

#include "base/topic.hpp"

namespace ws_pubsub {

struct Subscription;

// The port to who knows what a session may have.
class Entitlement {
public:
    Entitlement() = default;
    Entitlement(const Entitlement&) = delete;
    Entitlement& operator=(const Entitlement&) = delete;
    virtual ~Entitlement() = default;

    // Whether it may have the messages of all the topics of the selector.
    [[nodiscard]] virtual bool allows(const Selector& selector) const = 0;
};

struct Review {
    // It outlives this.
    explicit Review(const Entitlement& entitlement) : may(entitlement) {}

    const Entitlement& may;
    std::string former; // identity of the session
    bool renamed = false;
    size_t left = 0; // subscriptions to look at: the first so many
};

// Whether the subscription still brings its session messages.
[[nodiscard]] bool may_get(const Subscription& subscription);

} // namespace ws_pubsub
