// The words of a protocol for what the broker has to tell; the protocols
// implement it. What is put around words is not theirs: each dialect is made
// with a framing (wire/framing.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/message.hpp"
#include "base/result.hpp"
#include "topics/batch.hpp"
#include "wire/frame.hpp"

namespace ws_pubsub {

struct PresenceChange;

// Seqs that a subscriber does not get, both included.
struct Gap {
    uint64_t from = 0;
    uint64_t to = 0;
    std::string_view cause; // "conflated", "evicted", "slow"
};

// A message as deltas see it.
struct TextMessage {
    std::string text;  // JSON is compact; empty for binary messages
    std::string delta; // from the text of `base`; empty: it is sent whole
    uint64_t base = 0; // a seq
};

// What is made depends on nothing but the arguments: all sessions that speak it
// get the same frame. Each function returns an empty reference where the
// dialect has no words for it. `deflate`: frames are compressed where that is
// of use.
class Dialect {
public:
    Dialect() = default;
    Dialect(const Dialect&) = delete;
    Dialect& operator=(const Dialect&) = delete;
    virtual ~Dialect() = default;

    // The messages batch[first] to batch[last - 1] of one topic, in one
    // buffer.
    virtual FrameRef messages(bool deflate, std::string_view topic,
                              const Batch& batch, size_t first,
                              size_t last) = 0;
    // The messages from batch[first] on, one for each of `texts`, for
    // subscribers that take deltas. `based`: they have the base of the first.
    // A dialect without deltas sends them whole.
    virtual FrameRef texts(bool deflate, std::string_view topic,
                           const Batch& batch, size_t first,
                           std::span<const TextMessage> texts, bool /*based*/)
    {
        return messages(deflate, topic, batch, first, first + texts.size());
    }
    // A subscription begins with a topic that is there, at that position; or
    // goes on there with one whose epoch `was` another.
    virtual FrameRef topic(bool /*deflate*/, std::string_view /*topic*/,
                           const Position& /*at*/, uint64_t /*was*/)
    {
        return {};
    }
    virtual FrameRef gap(bool /*deflate*/, std::string_view /*topic*/,
                         const Gap& /*gap*/)
    {
        return {};
    }
    // The topic was removed, or a subscriber's position in it is none.
    virtual FrameRef gone(bool /*deflate*/, std::string_view /*topic*/,
                          std::string_view /*reason*/)
    {
        return {};
    }
    virtual FrameRef presence(bool /*deflate*/, std::string_view /*topic*/,
                              const PresenceChange& /*change*/)
    {
        return {};
    }
    // The subscription to the selector has ended, for that reason.
    virtual FrameRef unsub(bool /*deflate*/, std::string_view /*selector*/,
                           const Error& /*why*/)
    {
        return {};
    }
    // Gives back the memory that large messages took.
    virtual void shrink() {}
};

} // namespace ws_pubsub
