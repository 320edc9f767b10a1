// Writes an outbox to a connection: all that waits, in as few system calls or
// TLS records as it takes.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "broker/outbox.hpp"

namespace ws_pubsub {

// After what was written the peer sees the end of the stream; it can still be
// heard. False: the connection is broken.
bool shut_for_writing(ngx_connection_t* c);

class SocketWriter {
public:
    // False when the connection is broken. What can't be written now stays
    // in the outbox, and the connection's write event will tell.
    bool write(ngx_connection_t* c, Outbox& outbox);

    // Whether a part of the front frame was offered to TLS, which could not
    // write it: OpenSSL wants to be offered just these bytes at the same place
    // again, and nothing may go before them.
    [[nodiscard]] bool pinned() const { return pinned_bytes_ > 0; }

private:
    enum class Written : uint8_t { all, some, failed };

    static Written write_plain(ngx_connection_t* c, Outbox& outbox);
    static Written write_list(ngx_connection_t* c, Outbox& outbox);
    static Written send_bytes(ngx_connection_t* c, Outbox& outbox,
                              std::string_view bytes);
    Written write_tls(ngx_connection_t* c, Outbox& outbox);

    uint16_t pinned_bytes_ = 0; // of the front frame, at most a record
};

} // namespace ws_pubsub
