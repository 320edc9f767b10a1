// Messages of one topic that are being delivered, as frames for each kind of
// subscriber. Each frame is made when the first one wants it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/delta_base.hpp"
#include "broker/encoder.hpp"
#include "broker/frame_cache.hpp"
#include "topics/batch.hpp"

namespace ws_pubsub {

class MessageFrames {
public:
    // The messages batch[first] to batch[last - 1], at least one. All three
    // arguments by reference outlive it.
    MessageFrames(Encoder& encoder, std::string_view topic, const Batch& batch,
                  size_t first, size_t last)
        : encoder_(encoder), topic_(topic), batch_(batch), first_(first),
          last_(last)
    {}

    // Their texts, one a message, if somebody takes deltas.
    void set_texts(std::vector<TextMessage> texts)
    {
        texts_ = std::move(texts);
    }

    [[nodiscard]] uint64_t first_seq() const
    {
        return batch_[first_].message.at.seq;
    }
    // For who takes no deltas.
    const FrameRef& data(Encoding encoding)
    {
        return data_.get(encoding, [this](Encoding wanted) {
            return encoder_.messages(wanted, topic_, batch_, first_, last_);
        });
    }
    // For who takes deltas, and has that base.
    const FrameRef& texts(Encoding encoding, const DeltaBase& base)
    {
        if (texts_.empty()) {
            return data(encoding);
        }
        const bool based = base.seq != 0 && base.seq + 1 == first_seq();
        FrameCache& frames = based ? delta_ : whole_;
        return frames.get(encoding, [&](Encoding wanted) {
            return encoder_.texts(wanted, topic_, batch_, first_, texts_,
                                  based);
        });
    }

private:
    Encoder& encoder_;
    std::string_view topic_;
    const Batch& batch_;
    size_t first_;
    size_t last_;
    std::vector<TextMessage> texts_;
    FrameCache data_;
    FrameCache whole_; // the first message as text, the others as deltas
    FrameCache delta_; // the first, too: for who has the one before
};

} // namespace ws_pubsub
