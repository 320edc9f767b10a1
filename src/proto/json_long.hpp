// A command that may take several turns of the event loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proto/json_protocol.hpp"

namespace ws_pubsub {

struct JsonProtocol::Long final : Work {
    Long(JsonProtocol& p, const Command& c, const Selector& s)
        : protocol(p), command(c), selector(s), after(c.after)
    {}
    bool step(size_t& left) override;

    JsonProtocol& protocol;
    Command command;
    Selector selector;
    std::unique_ptr<Subscribing> subscribing; // of subscribe
    std::string after;                        // of get: what was looked at,
    std::vector<TopicRow> rows;               // and found
    bool done = false;
};

} // namespace ws_pubsub
