// What waits to be written to one session, references to shared frames, and
// whether its connection takes it.
//
// The front frame may be partly written. It stays where it is until it is
// written whole: TLS has to be offered the same bytes again after a stall.
//
// Mostly there is no other: then the outbox has no memory beside itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "wire/frame.hpp"

namespace ws_pubsub {

class Outbox {
public:
    [[nodiscard]] bool empty() const { return !front_; }
    // Not yet written.
    [[nodiscard]] size_t bytes() const { return bytes_; }
    [[nodiscard]] size_t frames() const
    {
        return front_ ? 1 + rest_.size() - head_ : 0;
    }
    [[nodiscard]] size_t front_offset() const { return front_offset_; }
    // What is not yet written of the front frame. REQUIRES: !empty().
    [[nodiscard]] std::string_view front() const
    {
        return {front_->data() + front_offset_, front_->size() - front_offset_};
    }
    // The i-th frame that waits.
    [[nodiscard]] const Frame& operator[](size_t i) const
    {
        return i == 0 ? *front_ : *rest_[head_ + i - 1];
    }

    void push(FrameRef frame)
    {
        const size_t bytes = frame->size();
        if (front_) {
            rest_.push_back(std::move(frame));
        } else {
            front_ = std::move(frame);
        }
        bytes_ += bytes;
    }

    // The first `written` bytes are on their way.
    void consume(size_t written)
    {
        bytes_ -= written;
        if (bytes_ == 0 && rest_.empty()) {
            front_ = {};
            front_offset_ = 0;
        } else {
            consume_some(written);
        }
    }

    // Puts one frame in the place of the first `count`, holding their bytes.
    // REQUIRES: nothing of the front frame is written.
    void replace_front(size_t count, FrameRef frame);

    // Forgets all but a front frame that is partly written. Returns how many
    // messages were in what is forgotten. `keep_front`: also if nothing of it
    // is written yet.
    size_t drop_unwritten(bool keep_front);

    void clear();

    // All of it was offered to the connection; whether that took some.
    void offered(bool took, const Clock& clock)
    {
        if (empty()) {
            took_ms_ = kNotStalled;
        } else if (took || !stalled()) {
            took_ms_ = clock.ticks_ms();
        }
    }
    // Whether the connection could not take all of it.
    [[nodiscard]] bool stalled() const { return took_ms_ != kNotStalled; }
    // When a stalled connection last took something, by the clock's ticks.
    [[nodiscard]] int64_t took_ms() const { return took_ms_; }

private:
    static constexpr int64_t kNotStalled = INT64_MIN;

    void consume_some(size_t written);
    void drop_front();
    void shrink();

    FrameRef front_;
    size_t bytes_ = 0;
    uint32_t front_offset_ = 0;
    uint32_t head_ = 0;          // of rest_, where it begins
    std::vector<FrameRef> rest_; // what waits behind the front
    int64_t took_ms_ = kNotStalled;
};

} // namespace ws_pubsub
