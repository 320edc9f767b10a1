// The claim of a token that allows selectors:
// {"sub":["user/7/**"],"pub":["chat/*/ann"]}.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/topic.hpp"
#include "json/value.hpp"

namespace ws_pubsub {

struct Grants {
    std::vector<Selector> subscribe;
    std::vector<Selector> publish;
};

// Those of the claim `name`: none, where it is not there. nullopt: it is
// malformed, or has more than kMaxGrants of a kind, so that it allows nothing.
std::optional<Grants> grants_of(const json_t* claims, const std::string& name);

} // namespace ws_pubsub
