// Checks the tokens that a session brings in-band, by the rules of its
// location; what it may do is worked out anew with the request that it began
// with.
#pragma once

#include "ngx/ngx.hpp"

#include "client/authority.hpp"
#include "module/config.hpp"
#include "module/token_trial.hpp"

namespace ws_pubsub {

class TokenAuthority final : public Authority {
public:
    // The request, which is being upgraded at the location of that
    // configuration, outlives it, and so do the turns. To be made before the
    // session's first rights are worked out.
    TokenAuthority(ngx_http_request_t& r, const LocationConf& conf,
                   CheckTurns& turns)
        : r_(r), conf_(conf), turns_(turns), captures_(r)
    {}

    Result<Rights> take(std::string_view token,
                        std::optional<std::string_view> user) override;
    Result<Ticket> check(std::string_view ticket) override;
    [[nodiscard]] CheckTurns& turns() override { return turns_; }

private:
    Verified verify(std::string_view token, TokenKind kind);
    Error refuse(TokenKind kind, TokenError error) const;

    ngx_http_request_t& r_;
    const LocationConf& conf_;
    CheckTurns& turns_;
    Captures captures_;
};

} // namespace ws_pubsub
