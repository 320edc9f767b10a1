// The keys of a location, of one directive or more, and what they say of a
// token.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>
#include <vector>

#include "module/key_set.hpp"
#include "module/token_key_source.hpp"
#include "token/token.hpp"

namespace ws_pubsub {

class TokenKeys {
public:
    void add(TokenKeySource* source) { sources_.push_back(source); }
    void add(KeySet* set) { sets_.push_back(set); }

    // A location of that server checks tokens by them.
    void use_in(ngx_http_core_srv_conf_t* server) const;

    // By the keys as they are now. A token that asks for another one has files
    // looked at, and sets fetched, sooner than in their turn; what only keys
    // that have yet to come could tell is the error no_keys.
    Verified verify(std::string_view token, TokenKind kind,
                    const ClaimChecks& checks, ngx_log_t* log) const;

private:
    [[nodiscard]] std::vector<const TokenKey*> all() const;
    bool look_again(ngx_log_t* log, int64_t pause_ms) const;
    [[nodiscard]] bool may_know_later(bool is_unknown) const;

    std::vector<TokenKeySource*> sources_;
    std::vector<KeySet*> sets_;
};

} // namespace ws_pubsub
