// Plain frames: each is a message of the endpoint's one topic.
#pragma once

#include <string>

#include "proto/protocol.hpp"

namespace ws_pubsub {

class PlainProtocol final : public Protocol {
public:
    // The client outlives it.
    PlainProtocol(Client& client, std::string topic)
        : client_(client), topic_(std::move(topic))
    {}

    void on_open() override;
    void on_message(bool binary, std::string_view payload) override;

private:
    Client& client_;
    std::string topic_;
};

extern const ProtocolKind kPlainProtocol;

} // namespace ws_pubsub
