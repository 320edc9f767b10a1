// Plain frames: messages are bare payloads, and nothing else is said.
#pragma once

#include "broker/dialect.hpp"
#include "wire/frame_writer.hpp"

namespace ws_pubsub {

class PlainDialect final : public Dialect {
public:
    // The writer outlives it.
    explicit PlainDialect(FrameWriter& writer) : writer_(writer) {}

    FrameRef messages(bool deflate, std::string_view topic, const Batch& batch,
                      size_t first, size_t last) override;

private:
    FrameWriter& writer_;
};

} // namespace ws_pubsub
