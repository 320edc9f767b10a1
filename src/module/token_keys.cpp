#include "ngx/ngx.hpp"

#include "module/token_keys.hpp"

#include "base/limits.hpp"
#include "module/ngx_clock.hpp"

namespace ws_pubsub {

Verified TokenKeys::verify(std::string_view token, TokenKind kind,
                           const ClaimChecks& checks, ngx_log_t* log) const
{
    const int64_t now_ms = NgxClock().now_ms();
    look_again(log, kKeyFileLookMs);
    Verified result = verify_token(token, kind, all(), checks, now_ms);
    if (result.error == TokenError::unknown_key &&
        look_again(log, kUnknownKeyLookMs)) {
        const size_t before = result.signatures;
        result = verify_token(token, kind, all(), checks, now_ms);
        result.signatures += before;
    }
    const bool is_unknown = result.error == TokenError::unknown_key;
    if ((!is_unknown && result.error != TokenError::signature) ||
        sets_.empty() || !wants_public_key(token)) {
        return result;
    }
    if (may_know_later(is_unknown)) {
        result.error = TokenError::no_keys;
    }
    return result;
}

// Whether sets that have yet to come may have the token's key. One without a
// name that is not the token's tells nothing of those that are not there.
bool TokenKeys::may_know_later(bool is_unknown) const
{
    bool may = false;
    for (KeySet* set : sets_) {
        if (is_unknown) {
            set->miss_key();
        }
        may |= set->keys().empty() || (is_unknown && set->is_on_its_way());
    }
    return may;
}

void TokenKeys::use_in(ngx_http_core_srv_conf_t* server) const
{
    for (KeySet* set : sets_) {
        set->use_in(server);
    }
}

std::vector<const TokenKey*> TokenKeys::all() const
{
    std::vector<const TokenKey*> keys;
    for (const TokenKeySource* source : sources_) {
        for (const TokenKey& key : source->keys()) {
            keys.push_back(&key);
        }
    }
    for (const KeySet* set : sets_) {
        for (const TokenKey& key : set->keys()) {
            keys.push_back(&key);
        }
    }
    return keys;
}

// Returns whether there are others now.
bool TokenKeys::look_again(ngx_log_t* log, int64_t pause_ms) const
{
    bool replaced = false;
    for (TokenKeySource* source : sources_) {
        if (ngx_current_msec - source->looked_at_ms() >=
            static_cast<ngx_msec_t>(pause_ms)) {
            replaced |= source->look_again(log);
        }
    }
    return replaced;
}

} // namespace ws_pubsub
