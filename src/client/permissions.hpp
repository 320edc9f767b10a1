// What a client may do, as selectors say it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/topic.hpp"

namespace ws_pubsub {

// Topics that something is allowed with; null: none. Sessions share it.
using Allowed = std::shared_ptr<const std::vector<Selector>>;

struct Permissions {
    Allowed subscribe;
    Allowed publish;

    // Whether all that `wanted` can match may be subscribed to, and read.
    [[nodiscard]] bool may_subscribe(const Selector& wanted) const
    {
        return subscribe != nullptr && covered_by(wanted, *subscribe);
    }
    // Likewise published to, and removed.
    [[nodiscard]] bool may_publish(const Selector& wanted) const
    {
        return publish != nullptr && !is_reserved(wanted.text()) &&
               covered_by(wanted, *publish);
    }
    [[nodiscard]] bool may_publish(std::string_view topic) const
    {
        return publish != nullptr && !is_reserved(topic) &&
               std::any_of(publish->begin(), publish->end(),
                           [&](const Selector& selector) {
                               return selector.matches(topic);
                           });
    }
};

// What a client was refused.
struct Denial {
    std::string_view what; // "subscribe to", …
    std::string_view wanted;
    const Allowed& allowed;
    std::string_view identity; // of who was refused; empty: nobody
};

// For the log: the reason for an error 103, with all that the client may.
[[nodiscard]] std::string text_of(const Denial& denial);

} // namespace ws_pubsub
