// What the directives of tokens say of a location.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "module/token_keys.hpp"
#include "token/claims.hpp"

namespace ws_pubsub {

class Zone;

// `later`: a session may begin without one, and brings it in-band.
enum class TokenMode : uint8_t { unset, off, optional, later, required };

// What a location is to tokens: those that come in-band need commands.
enum class TokenPlace : uint8_t { endpoint, plain_endpoint, elsewhere };

struct TokenRules {
    const TokenKeys* keys = nullptr;        // null: not said
    const TokenKeys* ticket_keys = nullptr; // null: not said, so `keys`
    // Null: not said, so Authorization and the argument `token`.
    const std::vector<ngx_http_complex_value_t>* from = nullptr;
    const ClaimChecks* checks = nullptr; // null: not said
    // Whose revocations count; null: not said, so the location's own, if any.
    Zone* zone = nullptr;
    const std::string* grants = nullptr; // a claim; empty: off; null: not said
    TokenMode mode = TokenMode::unset;
    int64_t first_s = 0; // of `later`: by then it has come

    void merge(const TokenRules& outer);
    // What counts at a location. With a key, endpoints require a token; where
    // none can come later it is required at once.
    [[nodiscard]] TokenMode mode_at(TokenPlace place) const;
    // Whether what is allowed there comes of a claim, too.
    [[nodiscard]] bool has_grants(TokenPlace place) const
    {
        return grants != nullptr && !grants->empty() &&
               mode_at(place) != TokenMode::off;
    }
    // What the keys for that kind and the checks say of a token.
    [[nodiscard]] Verified verify(std::string_view token, TokenKind kind,
                                  ngx_log_t* log) const;
    // How old a token may become, with what clocks differ; 0: any age.
    [[nodiscard]] int64_t most_age_s() const
    {
        return checks == nullptr || checks->max_age_s == 0
                   ? 0
                   : checks->max_age_s + checks->leeway_s;
    }
    // When what it allows ends, in seconds of the system's clock: some time
    // after the token. 0: never.
    [[nodiscard]] uint32_t end_s(std::optional<int64_t> expires_ms) const;
};

// The directives' handlers; `conf` is the LocationConf.
char* set_token_key(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_jwks(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_ticket_key(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_from(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_mode(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_check(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_grants(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
