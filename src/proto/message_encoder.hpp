// The words of the protocols for what the broker has to tell.
//
// In json.wspubsub.v1 nothing in a pushed message depends on who receives it;
// in plain mode messages are bare payloads and nothing else is said.
#pragma once

#include "broker/encoder.hpp"
#include "proto/frame_writer.hpp"

namespace ws_pubsub {

class MessageEncoder final : public Encoder {
public:
    explicit MessageEncoder(FrameWriter& writer) : writer_(writer) {}

    FrameRef messages(Encoding encoding, std::string_view topic,
                      const Batch& batch, size_t first, size_t last) override;
    FrameRef texts(Encoding encoding, std::string_view topic,
                   const Batch& batch, size_t first,
                   std::span<const TextMessage> texts, bool based) override;
    FrameRef topic(Encoding encoding, std::string_view topic,
                   const Position& at) override;
    FrameRef gap(Encoding encoding, std::string_view topic,
                 const Gap& gap) override;
    FrameRef gone(Encoding encoding, std::string_view topic,
                  std::string_view reason) override;
    FrameRef presence(Encoding encoding, std::string_view topic,
                      const PresenceChange& change) override;

private:
    FrameRef notice(Encoding encoding);
    void append_text(const Message& message, const TextMessage& text,
                     bool based);

    FrameWriter& writer_;
    std::string json_;
};

inline bool is_plain(Encoding encoding)
{
    return encoding == Encoding::plain || encoding == Encoding::plain_deflated;
}

inline bool is_deflated(Encoding encoding)
{
    return encoding == Encoding::json_deflated ||
           encoding == Encoding::plain_deflated;
}

} // namespace ws_pubsub
