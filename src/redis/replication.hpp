// What `INFO replication` and redirections say of a Redis and others.
#pragma once

#include <optional>
#include <string_view>

#include "redis/url.hpp"

namespace ws_pubsub::redis {

struct Replication {
    bool is_master = true;
    std::string_view lineage; // empty: it says none
};

// It lives as long as the text.
Replication read_replication(std::string_view info);

// Where "MOVED slot host:port" sends to; without a host: to that of `asked`.
// nullopt: it is none.
std::optional<Place> read_moved(std::string_view error, const Place& asked);

// A host as Redis says it, which has no brackets around an IPv6 address.
Place place_of(std::string_view host, uint16_t port);

} // namespace ws_pubsub::redis
