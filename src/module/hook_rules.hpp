// What the directives of hooks say of a location.
#pragma once

#include "ngx/ngx.hpp"

#include <vector>

#include "client/hooks.hpp"

namespace ws_pubsub {

// Who is asked, and when.
struct HookTarget {
    HookRules::Mode mode = HookRules::Mode::off;
    ngx_http_complex_value_t path{};
    ngx_http_complex_value_t arguments{}; // behind its `?`
    int64_t again_ms = 0;
};

struct HookDirectives {
    const HookTarget* subscribe = nullptr; // null: not said
    const HookTarget* publish = nullptr;
    ngx_msec_t timeout = NGX_CONF_UNSET_MSEC;
    ngx_uint_t pending = NGX_CONF_UNSET_UINT;
    // Indexes of variables. Null: not said.
    const std::vector<ngx_uint_t>* pass = nullptr;

    void merge(const HookDirectives& outer);
    // REQUIRES: merged.
    [[nodiscard]] HookRules rules() const;
};

// The directives' handlers; `conf` is the LocationConf.
char* set_subscribe_request(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_publish_request(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_hook_timeout(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_hook_pending(ngx_conf_t* cf, ngx_command_t* command, void* conf);
char* set_hook_pass(ngx_conf_t* cf, ngx_command_t* command, void* conf);

} // namespace ws_pubsub
