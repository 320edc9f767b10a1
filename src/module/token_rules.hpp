// What the directives of tokens say of a location.
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <vector>

#include "module/token_keys.hpp"
#include "token/claims.hpp"

namespace ws_pubsub {

enum class TokenMode : uint8_t { unset, off, optional, required };

struct TokenRules {
    const TokenKeys* keys = nullptr; // null: not said
    // Null: not said, so Authorization and the argument `token`.
    const std::vector<ngx_http_complex_value_t>* from = nullptr;
    const ClaimChecks* checks = nullptr; // null: not said
    const std::string* grants = nullptr; // a claim; empty: off; null: not said
    TokenMode mode = TokenMode::unset;

    void merge(const TokenRules& outer);
    // What counts at a location. With a key, endpoints require a token.
    [[nodiscard]] TokenMode mode_at(bool is_endpoint) const;
    // Whether what is allowed there comes of a claim, too.
    [[nodiscard]] bool has_grants(bool is_endpoint) const
    {
        return grants != nullptr && !grants->empty() &&
               mode_at(is_endpoint) != TokenMode::off;
    }
};

// The directives' handlers; `conf` is the LocationConf.
char* set_token_key(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_from(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_mode(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_check(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_token_grants(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
