// What a session speaks: turns its messages into what a client asks for, and
// answers into messages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/end_cause.hpp"
#include "client/client.hpp"
#include "wire/frame.hpp"
#include "wire/framing.hpp"

namespace ws_pubsub {

// What most protocols close a WebSocket with: RFC 6455 section 7.4.1, and
// docs/protocol.md for those from 3000 on.
uint16_t usual_close_code(EndCause cause);

class Protocol {
public:
    Protocol() = default;
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;
    virtual ~Protocol() = default;

    // The session is there, and its peer not yet told so: what is sent now
    // comes first. Subscriptions made here are there once the peer knows.
    virtual void on_open() = 0;
    // A whole message; text is valid UTF-8. May close the session. REQUIRES:
    // its client is not tired.
    virtual void on_message(bool binary, std::string_view payload) = 0;
    // The client has begun a turn: goes on with what it left.
    virtual void begin_turn() {}
    // The session is being closed: what waits is given up. May be called from
    // within all of these.
    virtual void stop() {}
    // What the WebSocket is closed with.
    [[nodiscard]] virtual uint16_t close_code(EndCause cause) const
    {
        return usual_close_code(cause);
    }
    // What the server says before it closes; empty if it says nothing.
    // `after_ms`: when the client should come back.
    virtual FrameRef farewell(uint16_t /*code*/, std::string_view /*reason*/,
                              int64_t /*after_ms*/)
    {
        return {};
    }
};

// One of the protocols that an endpoint can speak. A new one is one of these,
// and a Dialect that is added to the worker's Encoder under its number. What is
// put around the words of both is the framing of its connections; in another
// framing a dialect has another number.
struct ProtocolKind {
    std::string_view name;        // for $ws_pubsub_protocol
    std::string_view subprotocol; // that a client has to offer; empty: any
    uint8_t dialect;
    // `topic` is the endpoint's, if it has one. Client and framing outlive the
    // protocol.
    std::unique_ptr<Protocol> (*make)(Client& client, Framing& framing,
                                      const std::string& topic);
};

// The numbers of the dialects that there are; others may take those that
// follow.
inline constexpr uint8_t kJsonDialect = 0;
inline constexpr uint8_t kPlainDialect = 1;
inline constexpr uint8_t kFreeDialect = 2;

} // namespace ws_pubsub
