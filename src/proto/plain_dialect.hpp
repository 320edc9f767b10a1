// Plain words: messages are bare payloads, and nothing else is said.
#pragma once

#include "broker/dialect.hpp"
#include "wire/framing.hpp"

namespace ws_pubsub {

class PlainDialect final : public Dialect {
public:
    // The framing outlives it.
    explicit PlainDialect(Framing& framing) : framing_(framing) {}

    FrameRef messages(bool deflate, std::string_view topic, const Batch& batch,
                      size_t first, size_t last) override;

private:
    Framing& framing_;
};

} // namespace ws_pubsub
