// Why a session ends from our side. Each protocol has its own words and code
// for it.
#pragma once

#include <cstdint>

namespace ws_pubsub {

enum class EndCause : uint8_t {
    going_away,       // the worker ends
    protocol_error,   // what came is against the rules of the transport
    unsupported_data, // of a kind that the protocol does not take
    bad_payload,      // no UTF-8, or not compressed as it says
    policy,           // not allowed, or too much of it
    too_big,
    internal_error,
    too_slow, // what waits is more than the queue takes, or it came too slowly
    no_pong,
    expired,      // its token
    unauthorized, // it has no token, and its time to bring one is over
    bad_command,
    unavailable, // something that is needed can't be asked now
};

} // namespace ws_pubsub
