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
        result = verify_token(token, kind, all(), checks, now_ms);
    }
    return result;
}

std::vector<const TokenKey*> TokenKeys::all() const
{
    std::vector<const TokenKey*> keys;
    for (const TokenKeySource* source : sources_) {
        for (const TokenKey& key : source->keys()) {
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
