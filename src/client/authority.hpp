// Who a client is and what it may do, and who says so while it lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "client/permissions.hpp"

namespace ws_pubsub {

// All of it counts until there are other ones.
struct Rights {
    Permissions permissions;
    std::string identity; // for presence; empty: nobody
    // Of the token, if there is one.
    std::string user;                  // its `sub`; empty: nobody
    std::optional<int64_t> expires_ms; // since 1970; nullopt: never
    // When the session is closed for it, in seconds of the system's clock: some
    // time later. 0: never.
    uint32_t end_s = 0;
};

// What a token for some topics allows.
struct Ticket {
    Selector selector; // reading all that it matches
    std::string user;  // for whom alone; empty: for anybody
    bool may_publish = false;
    uint32_t end_s = 0; // as of Rights: when subscriptions that it let end
};

// The port to where tokens are checked. One belongs to one session. It answers
// at once: signatures take a while, but nothing is waited for.
//
// Thread safety: none; a worker's own.
class Authority {
public:
    Authority() = default;
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;
    virtual ~Authority() = default;

    // What the session's client may do with this token. Nothing is changed by
    // that. Errors: no_identity, the token is no good; expired.
    virtual Result<Rights> rights_of(std::string_view token) = 0;
    // Errors: denied, the ticket is no good; expired.
    virtual Result<Ticket> check_ticket(std::string_view ticket) = 0;
    // From here on the token's rights are the session's: what is worked out of
    // it elsewhere, as variables for logs, is that of the token that
    // rights_of() has taken last. REQUIRES: it has taken one.
    virtual void adopt() = 0;
};

} // namespace ws_pubsub
