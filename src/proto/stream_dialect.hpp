// The words of streams for what the broker has to tell: the objects of
// json.wspubsub.v1, of which messages bear their epoch, too; or payloads alone.
//
// A message may say how far its reader has come. Which number that is depends
// on the reader, and there is a dialect for each case:
//   none      somebody who is behind: what is older may still come. Frames are
//             left open for who writes them.
//   complete  one who gets all as it comes: a message bears its number where
//             nothing of other topics that is older waits in the inbox
//   own       one who has one topic alone: each message bears its number
#pragma once

#include <string>

#include "broker/dialect.hpp"
#include "proto/json_dialect.hpp"
#include "wire/stream_framing.hpp"

namespace ws_pubsub {

enum class Cursors : uint8_t { none, complete, own };

class StreamDialect final : public Dialect {
public:
    // The framing outlives it.
    StreamDialect(StreamFraming& framing, Cursors cursors)
        : framing_(framing), cursors_(cursors), words_(framing)
    {}

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
    void shrink() override
    {
        words_.shrink();
        framing_.shrink();
    }

private:
    void begin(std::string_view event);
    void set_cursor(const Batch& batch, size_t i);

    StreamFraming& framing_;
    const Cursors cursors_;
    JsonDialect words_; // for all but messages
    std::string json_;
};

// For streams of an endpoint's own topic: messages are their payloads, each
// with its number. What else there is has a name that nobody need listen to.
class PlainStreamDialect final : public Dialect {
public:
    // The framing outlives it.
    explicit PlainStreamDialect(StreamFraming& framing)
        : framing_(framing), words_(framing)
    {}

    FrameRef messages(bool deflate, std::string_view topic, const Batch& batch,
                      size_t first, size_t last) override;
    FrameRef gap(bool deflate, std::string_view topic, const Gap& gap) override
    {
        framing_.set_event("gap");
        return words_.gap(deflate, topic, gap);
    }
    FrameRef gone(bool deflate, std::string_view topic,
                  std::string_view reason) override
    {
        framing_.set_event("gone");
        return words_.gone(deflate, topic, reason);
    }

private:
    StreamFraming& framing_;
    JsonDialect words_;
};

// Appends {"op":"msg",…} as streams have it.
void append_stream_message(std::string& out, std::string_view topic,
                           const Message& message);

} // namespace ws_pubsub
