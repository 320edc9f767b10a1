// Tells that the sessions of a worker begin and end, where the zone tells that.
//
// Thread safety: none; a registry's own.
#pragma once

#include <unordered_map>

#include "broker/broker.hpp"

namespace ws_pubsub {

class Client;

class SessionEvents {
public:
    // It outlives it.
    explicit SessionEvents(Broker& broker) : broker_(broker) {}
    SessionEvents(const SessionEvents&) = delete;
    SessionEvents& operator=(const SessionEvents&) = delete;
    ~SessionEvents() = default;

    // The session has begun. No effect while it has yet to bring a token, or
    // when it was told already.
    void open(Client& client)
    {
        if (broker_.store().events.tells_sessions()) {
            tell_open(client);
        }
    }
    // It has ended. No effect on one that was not told.
    void close(Client& client)
    {
        if (!records_.empty()) {
            tell_close(client);
        }
    }

private:
    void tell_open(Client& client);
    void tell_close(Client& client);

    Broker& broker_;
    // Of those that were told; null: there was no room for its record.
    std::unordered_map<const Client*, SessionRecord*> records_;
};

} // namespace ws_pubsub
