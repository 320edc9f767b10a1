// What a session speaks: turns its messages into operations on the broker.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/token_bucket.hpp"
#include "base/topic.hpp"
#include "broker/broker.hpp"
#include "proto/frame_writer.hpp"

namespace ws_pubsub {

// Topics that something is allowed with; null: none. Sessions share it.
using Allowed = std::shared_ptr<const std::vector<Selector>>;

// What a client may do.
struct Permissions {
    Allowed subscribe;
    Allowed publish;

    // Whether all that `wanted` can match may be subscribed to.
    [[nodiscard]] bool may_subscribe(const Selector& wanted) const
    {
        return subscribe != nullptr && covered_by(wanted, *subscribe);
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

// What a protocol works with. Outlives it.
struct ClientContext {
    Broker& broker;
    Session& session;
    Transport& transport;
    FrameWriter& writer;
    const Clock& clock;
    Permissions permissions;
    Rate rate;
    size_t max_message = kDefaultMaxMessageBytes;
};

class Protocol {
public:
    Protocol() = default;
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;
    virtual ~Protocol() = default;

    // The session is there: send what it begins with.
    virtual void on_open() = 0;
    // A whole message; text is valid UTF-8. May close the session.
    virtual void on_message(bool binary, std::string_view payload) = 0;
    // A message can ask for more work than one session may have done in one
    // turn of the event loop. True: no on_message() before the next turn has
    // begun; what is left of this one waits for it too.
    [[nodiscard]] virtual bool is_tired() const { return false; }
    virtual void begin_turn() {}
    // What the server says before it closes; empty if it says nothing.
    // `after_ms`: when the client should come back.
    virtual FrameRef farewell(uint16_t code, std::string_view reason,
                              int64_t after_ms) = 0;
};

} // namespace ws_pubsub
