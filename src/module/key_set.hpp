// The keys of one ws_pubsub_token_jwks: the JWK Set that a location of nginx
// answers with.
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <vector>

#include "client/hook_answer.hpp"
#include "module/ngx_clock.hpp"
#include "module/own_server.hpp"
#include "module/own_uri.hpp"
#include "token/key.hpp"
#include "token/key_set_clock.hpp"

namespace ws_pubsub {

class KeySetFetcher;

// Each worker has its own copy, from the fork on. A set is used as long as it
// is not stale; one that is no good changes nothing.
class KeySet {
public:
    KeySet(OwnUri uri, const KeySetClock::Times& times)
        : uri_(std::move(uri)), clock_(times)
    {}

    // Of the configuration: a location of that server checks tokens by it. The
    // first such server is where its own location is.
    void use_in(ngx_http_core_srv_conf_t* server);
    [[nodiscard]] bool is_used() const { return server_.conf != nullptr; }
    // REQUIRES: it is used; as of OwnServer.
    void find_address(const ngx_http_core_main_conf_t& main)
    {
        server_.find_address(main);
    }

    [[nodiscard]] const OwnUri& uri() const { return uri_; }
    [[nodiscard]] const OwnServer& server() const { return server_; }

    // Empty: there is no set.
    [[nodiscard]] const std::vector<TokenKey>& keys() const;
    // There is one, but maybe another one soon.
    [[nodiscard]] bool is_on_its_way() const;
    // A key was asked for that nobody has: maybe a newer set has it, which will
    // be on its way then, but not more often than it may be.
    void miss_key();

    // What the location has answered.
    void take(const HookAnswer& answer, ngx_log_t* log);
    // It could not be asked, or has not answered.
    void fail(ngx_log_t* log, const std::string& why);
    // Until it is to be fetched again.
    [[nodiscard]] int64_t pause_ms() const;
    // Who fetches it; nullptr: nobody.
    void set_fetcher(KeySetFetcher* fetcher) { fetcher_ = fetcher; }

private:
    [[nodiscard]] static int64_t now_ms() { return NgxClock().ticks_ms(); }

    const OwnUri uri_;
    OwnServer server_;
    KeySetClock clock_;
    std::vector<TokenKey> keys_; // of the last good one
    std::string text_;           // the same as it came
    KeySetFetcher* fetcher_ = nullptr;
};

} // namespace ws_pubsub
