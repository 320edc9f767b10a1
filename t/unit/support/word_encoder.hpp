// An Encoder whose frames say in words what they were asked to hold, for tests
// of what is sent rather than of how it looks.
#pragma once

#include <string>

#include "broker/encoder.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class WordDialect final : public Dialect {
public:
    FrameRef messages(bool /*deflate*/, std::string_view /*topic*/,
                      const Batch& batch, size_t first, size_t last) override
    {
        std::string words = "data";
        for (size_t i = first; i < last; i++) {
            words.append(" ").append(batch[i].message.payload);
        }
        return frame(words, last - first);
    }
    FrameRef texts(bool /*deflate*/, std::string_view /*topic*/,
                   const Batch& /*batch*/, size_t /*first*/,
                   std::span<const TextMessage> texts, bool based) override
    {
        std::string words = "texts";
        for (const TextMessage& text : texts) {
            const bool delta =
                !text.delta.empty() && (based || &text != &texts[0]);
            words.append(" ").append(delta ? "delta from " +
                                                 std::to_string(text.base)
                                           : text.text.substr(0, 1));
        }
        return frame(words, texts.size());
    }
    FrameRef topic(bool /*deflate*/, std::string_view topic,
                   const Position& /*at*/, uint64_t was) override
    {
        const std::string before = was == 0 ? "" : " forked";
        return frame("topic " + std::string(topic) + before, 0);
    }
    FrameRef gap(bool /*deflate*/, std::string_view /*topic*/,
                 const Gap& gap) override
    {
        return frame("gap " + std::to_string(gap.from) + " to " +
                         std::to_string(gap.to) + ' ' + std::string(gap.cause),
                     0);
    }
    FrameRef gone(bool /*deflate*/, std::string_view topic,
                  std::string_view /*reason*/) override
    {
        return frame("gone " + std::string(topic), 0);
    }
    FrameRef presence(bool /*deflate*/, std::string_view /*topic*/,
                      const PresenceChange& change) override
    {
        return frame((change.join ? "join " : "leave ") + change.who, 0);
    }

private:
    static FrameRef frame(std::string_view words, size_t messages)
    {
        return FrameRef::make(words, static_cast<uint32_t>(messages));
    }
};

// Knows that dialect under the number 0.
class WordEncoder final : public Encoder {
public:
    WordEncoder() { add(0, dialect_); }
    WordEncoder(const WordEncoder&) = delete;
    WordEncoder& operator=(const WordEncoder&) = delete;

    // What a frame of it says.
    static std::string_view words(const FrameRef& frame)
    {
        return {frame->data(), frame->size()};
    }

private:
    WordDialect dialect_;
};

} // namespace ws_pubsub
