// Whether tokens are good where they are brought: by the rules of the location,
// and by the revocations of its zone.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "base/token_mark.hpp"
#include "module/config.hpp"

namespace ws_pubsub {

// What the location says of a token.
Verified verify_token_at(const LocationConf& conf, std::string_view token,
                         TokenKind kind, ngx_log_t* log);

// The same of one that was good before: none, revoked, or no_keys, nobody can
// tell.
TokenError recheck_token_at(const LocationConf& conf, std::string_view user,
                            const TokenMark& mark);

} // namespace ws_pubsub
