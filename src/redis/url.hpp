// Where a Redis is, as a configuration says it:
//
//   redis://host[:port][/db]   rediss://host[:port][/db] (TLS)   unix:/path
//   sentinel://host[:port][,host[:port]...]/master
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ws_pubsub::redis {

// A host and its port, or the path of a UNIX-domain socket.
struct Place {
    std::string host; // a name or an address; IPv6 in brackets
    uint16_t port = 0;
    std::string path; // of the socket; then there is no host

    // "host:port" or "unix:/path": as nginx takes it.
    [[nodiscard]] std::string text() const;
};

struct Url {
    std::vector<Place> places; // one; those of the sentinels
    bool has_tls = false;
    unsigned database = 0;
    std::string master; // its name for sentinels; empty: the place is Redis

    [[nodiscard]] bool is_sentinel() const { return !master.empty(); }
};

// An error's message says what is wrong with it.
Result<Url> read_url(std::string_view text);

} // namespace ws_pubsub::redis
