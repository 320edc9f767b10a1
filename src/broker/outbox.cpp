#include "broker/outbox.hpp"

namespace ws_pubsub {

namespace {

// An empty outbox keeps no more memory than for so many frames.
constexpr size_t kIdleCapacity = 8;

} // namespace

void Outbox::consume(size_t written)
{
    bytes_ -= written;
    while (written > 0) {
        const size_t left = frames_[head_]->size() - front_offset_;
        if (written < left) {
            front_offset_ += written;
            return;
        }
        written -= left;
        front_offset_ = 0;
        frames_[head_] = {};
        head_++;
    }
    shrink_if_empty();
}

void Outbox::replace_front(size_t count, FrameRef frame)
{
    for (size_t i = 0; i < count; i++) {
        frames_[head_ + i] = {};
    }
    head_ += count - 1;
    frames_[head_] = std::move(frame);
}

size_t Outbox::drop_unwritten(bool keep_front)
{
    const size_t kept = !empty() && (keep_front || front_offset_ > 0) ? 1 : 0;
    size_t messages = 0;
    while (frames() > kept) {
        messages += frames_.back()->messages();
        bytes_ -= frames_.back()->size();
        frames_.pop_back();
    }
    shrink_if_empty();
    return messages;
}

void Outbox::clear()
{
    frames_.clear();
    head_ = front_offset_ = bytes_ = 0;
    shrink_if_empty();
}

void Outbox::shrink_if_empty()
{
    if (!empty()) {
        // A reader that never quite catches up: do not grow at the front.
        if (head_ > kIdleCapacity && head_ > frames_.size() / 2) {
            frames_.erase(frames_.begin(),
                          frames_.begin() + static_cast<ptrdiff_t>(head_));
            head_ = 0;
        }
        return;
    }
    frames_.clear();
    head_ = 0;
    if (frames_.capacity() > kIdleCapacity) {
        frames_.shrink_to_fit();
    }
}

} // namespace ws_pubsub
