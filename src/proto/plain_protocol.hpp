// Plain frames: each is a message of the endpoint's one topic.
#pragma once

#include <string>

#include "proto/protocol.hpp"

namespace ws_pubsub {

class PlainProtocol final : public Protocol {
public:
    PlainProtocol(ClientContext context, std::string topic);

    void on_open() override;
    void on_message(bool binary, std::string_view payload) override;
    FrameRef farewell(uint16_t, std::string_view, int64_t) override
    {
        return {};
    }

private:
    ClientContext context_;
    TokenBucket bucket_;
    std::string topic_;
};

} // namespace ws_pubsub
