// What waits to be written to one session: references to shared frames.
//
// The front frame may be partly written. It stays where it is until it is
// written whole: TLS has to be offered the same bytes again after a stall.
#pragma once

#include <cstddef>
#include <vector>

#include "broker/frame.hpp"

namespace ws_pubsub {

class Outbox {
public:
    [[nodiscard]] bool empty() const { return head_ == frames_.size(); }
    // Not yet written.
    [[nodiscard]] size_t bytes() const { return bytes_; }
    [[nodiscard]] size_t frames() const { return frames_.size() - head_; }
    [[nodiscard]] size_t front_offset() const { return front_offset_; }
    // The i-th frame that waits.
    [[nodiscard]] const Frame& operator[](size_t i) const
    {
        return *frames_[head_ + i];
    }

    void push(FrameRef frame)
    {
        bytes_ += frame->size();
        frames_.push_back(std::move(frame));
    }

    // The first `written` bytes are on their way.
    void consume(size_t written);

    // Puts one frame in the place of the first `count`, holding their bytes.
    // REQUIRES: nothing of the front frame is written.
    void replace_front(size_t count, FrameRef frame);

    // Forgets all but a front frame that is partly written. Returns how many
    // messages were in what is forgotten. `keep_front`: also if nothing of it
    // is written yet.
    size_t drop_unwritten(bool keep_front);

    void clear();

private:
    void shrink_if_empty();

    std::vector<FrameRef> frames_;
    size_t head_ = 0;
    size_t front_offset_ = 0;
    size_t bytes_ = 0;
};

} // namespace ws_pubsub
