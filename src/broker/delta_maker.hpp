// Makes the deltas of a worker, and counts the texts that are kept for them.
//
// Thread safety: none; one for all topics of a worker.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/fossil_delta.hpp"
#include "broker/encoder.hpp"

namespace ws_pubsub {

class DeltaMaker {
public:
    // Fills in the delta that makes `text`, of the message, of `base`; none if
    // it would not be smaller than the text.
    void make(TextMessage& message, std::string_view text,
              std::string_view base)
    {
        message.delta.clear();
        writer_.append(message.delta, base, text);
        if (message.delta.size() + kDeltaWords >= text.size()) {
            message.delta.clear();
        }
    }
    // Of the texts that are kept as bases, at most kMaxBaseTextBytes.
    [[nodiscard]] size_t& kept_bytes() { return kept_bytes_; }

private:
    // What a protocol says around a delta beyond what it says around a text.
    static constexpr size_t kDeltaWords = 24;

    DeltaWriter writer_;
    size_t kept_bytes_ = 0;
};

} // namespace ws_pubsub
