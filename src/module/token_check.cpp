#include "ngx/ngx.hpp"

#include "module/token_check.hpp"

#include "module/worker.hpp"

namespace ws_pubsub {

Verified verify_token_at(const LocationConf& conf, std::string_view token,
                         TokenKind kind, ngx_log_t* log)
{
    Verified verified = conf.token.verify(token, kind, log);
    if (verified.error != TokenError::none) {
        return verified;
    }
    const json_t* claims = verified.claims.get();
    const TokenError error =
        recheck_token_at(conf, user_of(claims), mark_of(claims));
    return error == TokenError::none
               ? std::move(verified)
               : Verified{error, nullptr, {}, verified.signatures};
}

TokenError recheck_token_at(const LocationConf& conf, std::string_view user,
                            const TokenMark& mark)
{
    const Zone* zone = conf.revoking_zone();
    if (zone == nullptr) {
        return TokenError::none;
    }
    Worker* worker = Worker::current();
    ZoneWorker* opened = worker == nullptr ? nullptr : worker->zone(*zone);
    if (opened == nullptr) {
        return TokenError::no_keys;
    }
    return opened->store().revocations.cover(user, mark) ? TokenError::revoked
                                                         : TokenError::none;
}

} // namespace ws_pubsub
