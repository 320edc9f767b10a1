// Who a client is and what it may do, and who says so while it lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/token_mark.hpp"
#include "client/check_turns.hpp"
#include "client/permissions.hpp"

namespace ws_pubsub {

// All of it counts until there are other ones.
struct Rights {
    Permissions permissions;
    std::string identity; // for presence; empty: nobody
    // Of the token: its `sub`, empty: nobody's. nullopt: there is no token.
    std::optional<std::string> user;
    TokenMark mark;                    // of the token
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
    TokenMark mark;
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

    // What the session's client may do with this token, which from here on is
    // the session's, for logs too. `user`: whose it has to be; nullopt:
    // anybody's. Errors: no_identity, the token is no good, or another user's;
    // expired.
    virtual Result<Rights> take(std::string_view token,
                                std::optional<std::string_view> user) = 0;
    // Errors: denied, the ticket is no good; expired.
    virtual Result<Ticket> check(std::string_view ticket) = 0;
    // When either may be called. Both spend there what they have cost.
    [[nodiscard]] virtual CheckTurns& turns() = 0;
};

} // namespace ws_pubsub
