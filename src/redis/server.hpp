// A Redis, and what it has to be told to be let in.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>
#include <vector>

#include "redis/host.hpp"
#include "redis/tls.hpp"
#include "redis/url.hpp"

namespace ws_pubsub::redis {

struct Login {
    std::string user;     // empty: the default one
    std::string password; // empty: there is none to be told
    unsigned database = 0;
    std::string name; // of the connection, for CLIENT LIST
};

// Who knows where a Redis is, which is another one after a failover.
struct Sentinels {
    std::vector<Host> hosts;
    std::string master; // its name
    Login login;        // for themselves
};

struct Server {
    Host host;                // where there are sentinels: nobody
    const Tls* tls = nullptr; // none
    Login login;
    std::optional<Sentinels> sentinels{};

    // In postconfiguration. An error; empty: there is none.
    std::string prepare(ngx_conf_t* cf);
};

// That of a URL. `login` has no database; that and `sentinel_login` are for
// where the URL says so.
Server make_server(const Url& url, const Tls* tls, Login login,
                   Login sentinel_login);

} // namespace ws_pubsub::redis
