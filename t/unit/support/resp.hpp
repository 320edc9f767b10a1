// Replies of Redis as text, for tests to compare.
#pragma once

#include <string>

#include "redis/reply.hpp"

namespace ws_pubsub::redis {

// Strings in quotes, statuses behind +, errors behind -, elements in brackets.
inline std::string written(const Reply& reply) // NOLINT(misc-no-recursion)
{
    switch (reply.kind()) {
    case Kind::nil:
        return "nil";
    case Kind::string:
        return '"' + std::string(reply.text()) + '"';
    case Kind::status:
        return '+' + std::string(reply.text());
    case Kind::error:
        return '-' + std::string(reply.text());
    case Kind::integer:
        return std::to_string(reply.integer());
    case Kind::array:
        break;
    }
    std::string all = "[";
    for (size_t i = 0; i < reply.size(); i++) {
        all += (i == 0 ? "" : " ") + written(reply[i]);
    }
    return all + "]";
}

} // namespace ws_pubsub::redis
