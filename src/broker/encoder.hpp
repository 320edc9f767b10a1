// The dialects that a worker's sessions speak, by number.
#pragma once

#include <array>

#include "broker/dialect.hpp"
#include "broker/encoding.hpp"

namespace ws_pubsub {

class Encoder {
public:
    // The dialect outlives the encoder. REQUIRES: number < kMaxDialects.
    void add(uint8_t number, Dialect& dialect) { dialects_[number] = &dialect; }

    // As of the encoding's dialect, which was added.
    FrameRef messages(Encoding encoding, std::string_view topic,
                      const Batch& batch, size_t first, size_t last)
    {
        return of(encoding).messages(encoding.deflated, topic, batch, first,
                                     last);
    }
    FrameRef texts(Encoding encoding, std::string_view topic,
                   const Batch& batch, size_t first,
                   std::span<const TextMessage> texts, bool based)
    {
        return of(encoding).texts(encoding.deflated, topic, batch, first, texts,
                                  based);
    }
    FrameRef topic(Encoding encoding, std::string_view topic,
                   const Position& at, uint64_t was = 0)
    {
        return of(encoding).topic(encoding.deflated, topic, at, was);
    }
    FrameRef gap(Encoding encoding, std::string_view topic, const Gap& gap)
    {
        return of(encoding).gap(encoding.deflated, topic, gap);
    }
    FrameRef gone(Encoding encoding, std::string_view topic,
                  std::string_view reason)
    {
        return of(encoding).gone(encoding.deflated, topic, reason);
    }
    FrameRef presence(Encoding encoding, std::string_view topic,
                      const PresenceChange& change)
    {
        return of(encoding).presence(encoding.deflated, topic, change);
    }
    FrameRef unsub(Encoding encoding, std::string_view selector,
                   const Error& why)
    {
        return of(encoding).unsub(encoding.deflated, selector, why);
    }
    void shrink()
    {
        for (Dialect* dialect : dialects_) {
            if (dialect != nullptr) {
                dialect->shrink();
            }
        }
    }

private:
    Dialect& of(Encoding encoding) { return *dialects_[encoding.dialect]; }

    std::array<Dialect*, kMaxDialects> dialects_{};
};

} // namespace ws_pubsub
