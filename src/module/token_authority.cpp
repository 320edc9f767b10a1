#include "ngx/ngx.hpp"

#include "module/token_authority.hpp"

#include <algorithm>

#include "client/credentials.hpp"
#include "module/rights.hpp"
#include "module/token_check.hpp"
#include "ngx/log.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kBadToken{Errc::no_identity, "the token is not accepted"};
constexpr Error kOtherUser{Errc::no_identity, "the token is another user's"};
constexpr Error kExpiredToken{Errc::expired, "the token has expired"};
constexpr Error kBadTicket{Errc::denied, "the ticket is not accepted"};
constexpr Error kExpiredTicket{Errc::expired, "the ticket has expired"};
constexpr Error kNoTokenKeys{Errc::unavailable,
                             "the token can't be checked now"};
constexpr Error kNoTicketKeys{Errc::unavailable,
                              "the ticket can't be checked now"};
constexpr Error kNoMemory{Errc::internal, "no memory"};

} // namespace

// The client is not told more than whether a new one would do.
Error TokenAuthority::refuse(TokenKind kind, TokenError error) const
{
    const bool is_ticket = kind == TokenKind::ticket;
    log_info(r_.connection->log, [&] {
        return (is_ticket ? "the ticket is refused: "
                          : "the token is refused: ") +
               std::string(name_of(error));
    });
    if (error == TokenError::no_keys) {
        return is_ticket ? kNoTicketKeys : kNoTokenKeys;
    }
    if (error == TokenError::expired) {
        return is_ticket ? kExpiredTicket : kExpiredToken;
    }
    return is_ticket ? kBadTicket : kBadToken;
}

// One that is refused for less than its signature has cost something, too.
Verified TokenAuthority::verify(std::string_view token, TokenKind kind)
{
    Verified verified = verify_token_at(conf_, token, kind, r_.connection->log);
    turns_.spend(std::max<size_t>(verified.signatures, 1));
    return verified;
}

Result<Rights> TokenAuthority::take(std::string_view token,
                                    std::optional<std::string_view> user)
{
    if (conf_.token.mode_at(conf_.place()) == TokenMode::off) {
        return kTakesNoTokens;
    }
    const Verified verified = verify(token, TokenKind::session);
    if (verified.error != TokenError::none) {
        return refuse(TokenKind::session, verified.error);
    }
    if (user && user_of(verified.claims.get()) != *user) {
        return kOtherUser;
    }
    RequestToken taken;
    taken.keys = conf_.token.keys;
    taken.looked_at = true;
    taken.take(verified);
    TokenTrial trial(r_, captures_);
    if (!trial.begin(taken)) {
        return kNoMemory;
    }
    Rights rights = rights_of(&r_, conf_);
    trial.adopt();
    return rights;
}

Result<Ticket> TokenAuthority::check(std::string_view ticket)
{
    const Verified verified = verify(ticket, TokenKind::ticket);
    if (verified.error != TokenError::none) {
        return refuse(TokenKind::ticket, verified.error);
    }
    const json_t* claims = verified.claims.get();
    return Ticket{topics_of(claims), user_of(claims), lets_publish(claims),
                  conf_.token.end_s(expiry_of(claims)), mark_of(claims)};
}

} // namespace ws_pubsub
