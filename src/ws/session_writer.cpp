#include "ngx/ngx.hpp"

#include "ws/session_writer.hpp"

namespace ws_pubsub {

bool SessionWriter::offer(ngx_connection_t* c, Session& session,
                          const Clock& clock)
{
    const size_t before = session.outbox().bytes();
    if (!socket_.write(c, session.outbox())) {
        return false;
    }
    session.outbox().offered(session.outbox().bytes() < before, clock);
    return true;
}

bool SessionWriter::write(ngx_connection_t* c, Client& client,
                          const Clock& clock)
{
    Session& session = client.session();
    for (;;) {
        if (!offer(c, session, clock)) {
            return false;
        }
        if (session.seat().lag != Lag::none && session.has_room()) {
            client.membership().caught_up();
        }
        if (!session.wants_more()) {
            return true;
        }
        const size_t before = session.outbox().bytes();
        client.membership().send_more();
        if (session.outbox().bytes() == before) {
            return true;
        }
    }
}

} // namespace ws_pubsub
