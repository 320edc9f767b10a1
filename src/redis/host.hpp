// The addresses of a Redis: known since the configuration was read, or those
// that the name has when they are wanted.
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <vector>

#include "redis/url.hpp"

namespace ws_pubsub::redis {

struct Address {
    ngx_sockaddr_t sockaddr{};
    socklen_t size = 0;
};

class Host {
public:
    explicit Host(Place place) : place_(std::move(place)) {}

    // In postconfiguration. A name is asked for each time where the
    // configuration has a `resolver`, else now, which may take a while, as
    // everywhere in nginx. An error; empty: there is none.
    std::string prepare(ngx_conf_t* cf);

    // Another place, which somebody has named while nginx runs: an address, or
    // a name that the resolver of this one is asked for.
    [[nodiscard]] Host elsewhere(Place place) const;

    [[nodiscard]] const Place& place() const { return place_; }
    // Empty: the resolver is to be asked.
    [[nodiscard]] const std::vector<Address>& addresses() const
    {
        return addresses_;
    }
    // nullptr: there is none.
    [[nodiscard]] ngx_resolver_t* resolver() const { return resolver_; }

private:
    Place place_;
    std::vector<Address> addresses_;
    ngx_resolver_t* resolver_ = nullptr;
};

} // namespace ws_pubsub::redis
