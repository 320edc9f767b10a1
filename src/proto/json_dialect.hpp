// The words of json.wspubsub.v1 for what the broker has to tell: texts.
#pragma once

#include <string>

#include "broker/dialect.hpp"
#include "wire/framing.hpp"

namespace ws_pubsub {

class JsonDialect final : public Dialect {
public:
    // The framing outlives it.
    explicit JsonDialect(Framing& framing) : framing_(framing) {}

    FrameRef messages(bool deflate, std::string_view topic, const Batch& batch,
                      size_t first, size_t last) override;
    FrameRef texts(bool deflate, std::string_view topic, const Batch& batch,
                   size_t first, std::span<const TextMessage> texts,
                   bool based) override;
    FrameRef topic(bool deflate, std::string_view topic, const Position& at,
                   uint64_t was) override;
    FrameRef gap(bool deflate, std::string_view topic, const Gap& gap) override;
    FrameRef gone(bool deflate, std::string_view topic,
                  std::string_view reason) override;
    FrameRef presence(bool deflate, std::string_view topic,
                      const PresenceChange& change) override;
    FrameRef unsub(bool deflate, std::string_view selector,
                   const Error& why) override;
    void shrink() override { std::string().swap(json_); }

private:
    void begin(std::string_view op, std::string_view topic);
    FrameRef end(bool deflate);
    void append_text(const Message& message, const TextMessage& text,
                     bool based);

    Framing& framing_;
    std::string json_;
};

} // namespace ws_pubsub
