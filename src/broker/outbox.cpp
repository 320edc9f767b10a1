#include "broker/outbox.hpp"

namespace ws_pubsub {

namespace {

// What was written is forgotten for so many frames together. An outbox that
// has caught up keeps no more memory than for these.
constexpr size_t kForgottenTogether = 8;

} // namespace

void Outbox::consume_some(size_t written)
{
    while (front_) {
        const size_t left = front_->size() - front_offset_;
        if (written < left) {
            front_offset_ += static_cast<uint32_t>(written);
            break;
        }
        written -= left;
        drop_front();
    }
    shrink();
}

void Outbox::drop_front()
{
    front_offset_ = 0;
    front_ = {};
    if (head_ < rest_.size()) {
        front_ = std::move(rest_[head_++]);
    }
}

void Outbox::replace_front(size_t count, FrameRef frame)
{
    for (size_t i = 1; i < count; i++) {
        drop_front();
    }
    front_ = std::move(frame);
    shrink();
}

size_t Outbox::drop_unwritten(bool keep_front)
{
    size_t messages = 0;
    for (; frames() > 1; rest_.pop_back()) {
        messages += rest_.back()->messages();
        bytes_ -= rest_.back()->size();
    }
    if (front_ && !keep_front && front_offset_ == 0) {
        messages += front_->messages();
        bytes_ -= front_->size();
        drop_front();
    }
    shrink();
    return messages;
}

void Outbox::clear()
{
    *this = {};
}

void Outbox::shrink()
{
    if (head_ == rest_.size()) {
        rest_.clear();
        head_ = 0;
        if (rest_.capacity() > kForgottenTogether) {
            rest_.shrink_to_fit();
        }
    } else if (head_ > kForgottenTogether && head_ > rest_.size() / 2) {
        // A reader that never quite catches up: do not grow at the front.
        rest_.erase(rest_.begin(),
                    rest_.begin() + static_cast<ptrdiff_t>(head_));
        head_ = 0;
    }
}

} // namespace ws_pubsub
