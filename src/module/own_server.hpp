// A server of the configuration, as requests reach it that nobody has sent.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

namespace ws_pubsub {

struct OwnServer {
    ngx_http_core_srv_conf_t* conf = nullptr; // null: none is known
    ngx_sockaddr_t address{};                 // one that it listens at
    socklen_t address_size = 0;               // 0: none is known

    // In postconfiguration, where nginx knows all addresses and does not listen
    // yet. REQUIRES: `conf`.
    void find_address(const ngx_http_core_main_conf_t& main);
    // For the Host header: its first name.
    [[nodiscard]] std::string_view host() const;
};

} // namespace ws_pubsub
