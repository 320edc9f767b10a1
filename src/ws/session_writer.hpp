// Writes what there is for a client to its connection.
#pragma once

#include "ngx/ngx.hpp"

#include "base/clock.hpp"
#include "client/client.hpp"
#include "ws/socket_writer.hpp"

namespace ws_pubsub {

class SessionWriter {
public:
    // Offers what waits in the outbox to the socket. False: the connection is
    // broken.
    bool offer(ngx_connection_t* c, Session& session, const Clock& clock);
    // Also what the broker has for the client, as much as one turn takes: each
    // call is bounded by the outbox, and by what the broker gives one session,
    // or all of them, in a turn. False: the connection is broken.
    bool write(ngx_connection_t* c, Client& client, const Clock& clock);

    // As of SocketWriter.
    [[nodiscard]] bool pinned() const { return socket_.pinned(); }

private:
    SocketWriter socket_;
};

} // namespace ws_pubsub
