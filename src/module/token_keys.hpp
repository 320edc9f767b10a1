// The keys of a location, of one directive or more, and what they say of a
// token.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>
#include <vector>

#include "module/token_key_source.hpp"
#include "token/token.hpp"

namespace ws_pubsub {

class TokenKeys {
public:
    void add(TokenKeySource* source) { sources_.push_back(source); }

    // By the keys as they are now. A token that asks for another one has files
    // looked at sooner than in their turn.
    Verified verify(std::string_view token, TokenKind kind,
                    const ClaimChecks& checks, ngx_log_t* log) const;

private:
    [[nodiscard]] std::vector<const TokenKey*> all() const;
    bool look_again(ngx_log_t* log, int64_t pause_ms) const;

    std::vector<TokenKeySource*> sources_;
};

} // namespace ws_pubsub
