// Where a request goes that nobody has sent: a location, as a directive names
// it.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

namespace ws_pubsub {

struct OwnUri {
    std::string path; // not encoded
    std::string arguments;
};

// Nobody has asked for it, so that there is nothing that variables could be of.
// nullopt: it is none.
std::optional<OwnUri> parse_own_uri(ngx_str_t text);

} // namespace ws_pubsub
