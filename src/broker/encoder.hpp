// The port through which the broker gets its messages onto the wire; the
// protocols implement it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "broker/session.hpp"
#include "shm/batch.hpp"

namespace ws_pubsub {

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

// Each function returns an empty reference where the encoding has no words
// for it.
class Encoder {
public:
    Encoder() = default;
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;
    virtual ~Encoder() = default;

    // The messages batch[first] to batch[last - 1] of one topic, in one
    // buffer.
    virtual FrameRef messages(Encoding encoding, std::string_view topic,
                              const Batch& batch, size_t first,
                              size_t last) = 0;
    // The messages from batch[first] on, one for each of `texts`, for
    // subscribers that take deltas. `based`: they have the base of the first.
    virtual FrameRef texts(Encoding encoding, std::string_view topic,
                           const Batch& batch, size_t first,
                           std::span<const TextMessage> texts, bool based) = 0;
    virtual FrameRef topic(Encoding encoding, std::string_view topic,
                           const Position& at) = 0;
    virtual FrameRef gap(Encoding encoding, std::string_view topic,
                         const Gap& gap) = 0;
    virtual FrameRef gone(Encoding encoding, std::string_view topic,
                          std::string_view reason) = 0;
    virtual FrameRef presence(Encoding encoding, std::string_view topic,
                              const PresenceChange& change) = 0;
};

} // namespace ws_pubsub
