// What the directives say.
#pragma once

#include "ngx/ngx.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/origin.hpp"
#include "base/token_bucket.hpp"
#include "module/hook_rules.hpp"
#include "module/permissions.hpp"
#include "module/token_rules.hpp"
#include "module/zone.hpp"
#include "ws/session_settings.hpp"

namespace ws_pubsub {

struct MainConf {
    ZoneMap zones;
    // Of all locations. The pool of the configuration owns them.
    std::vector<TokenKeySource*> key_sources;
    std::vector<KeySet*> key_sets;
    bool has_tokens = false; // a directive of tokens is in use

    // Directives may name a zone before it is defined.
    Zone& zone(std::string_view name);
};

// What a location is.
enum class Role : uint8_t { none, websocket, api, status, control };

struct LocationConf {
    Role role = Role::none;
    Zone* zone = nullptr;
    ngx_http_complex_value_t* topic = nullptr; // of topic=

    const SelectorRules* allow_subscribe = nullptr; // null: not said
    const SelectorRules* allow_publish = nullptr;
    // Whether one of them is said in this location, or in one around it. Those
    // of a server are for its WebSocket endpoints only.
    bool allows_in_location = false;

    size_t max_message = NGX_CONF_UNSET_SIZE;
    size_t max_batch = NGX_CONF_UNSET_SIZE;
    ngx_uint_t max_subscriptions = NGX_CONF_UNSET_UINT;
    size_t queue_bytes = NGX_CONF_UNSET_SIZE;
    ngx_uint_t connections = NGX_CONF_UNSET_UINT;
    ngx_msec_t ping_interval = NGX_CONF_UNSET_MSEC;
    ngx_msec_t ping_timeout = NGX_CONF_UNSET_MSEC;
    ngx_msec_t message_timeout = NGX_CONF_UNSET_MSEC;
    ngx_flag_t compression = NGX_CONF_UNSET;
    ngx_uint_t log_at_connect = NGX_CONF_UNSET_UINT;
    ngx_http_complex_value_t* identity = nullptr; // null: not said
    const OriginRules* origins = nullptr;         // null: not said
    TokenRules token;
    HookDirectives hooks;
    Rate rate;
    bool rate_is_set = false;
    SessionSettings session; // what is said above, once merged

    [[nodiscard]] TokenPlace place() const
    {
        return role != Role::websocket ? TokenPlace::elsewhere
               : topic != nullptr      ? TokenPlace::plain_endpoint
                                       : TokenPlace::endpoint;
    }
    // Whose revocations of tokens count there; null: none.
    [[nodiscard]] Zone* revoking_zone() const
    {
        return zone != nullptr ? zone : token.zone;
    }
    void merge(const LocationConf& outer);
    // What the location is, from one around it that is the same location.
    void inherit_role(const LocationConf& outer);
};

// Of the location that the request is in now.
inline const LocationConf& location_conf(ngx_http_request_t* r)
{
    return *static_cast<LocationConf*>(
        ngx_http_get_module_loc_conf(r, ngx_ws_pubsub_module));
}

extern ngx_command_t directives[];

void* create_main_conf(ngx_conf_t* cf);
// Whether every zone that is named is defined.
char* check_main_conf(ngx_conf_t* cf, void* conf);
void* create_location_conf(ngx_conf_t* cf);
char* merge_location_conf(ngx_conf_t* cf, void* outer, void* inner);

} // namespace ws_pubsub
