#include "broker/session.hpp"

#include "base/close_code.hpp"

namespace ws_pubsub {

namespace {

// What a frame costs beside its bytes: its head, its reference, and what the
// allocator adds. Of tiny ones, like pongs, this is most of it.
constexpr size_t kFrameCost = 48;

} // namespace

bool Session::fits(size_t bytes) const
{
    return outbox_.empty() ||
           (outbox_.bytes() + bytes <= limits_.queue_bytes &&
            outbox_.frames() * kFrameCost <= limits_.queue_bytes);
}

bool Session::send(const FrameRef& frame)
{
    if (stopped_) {
        return false;
    }
    if (!fits(frame->size())) {
        counters_.dropped += frame->messages();
        transport_.close(kCloseTooSlow, "too slow");
        return false;
    }
    push(frame);
    return true;
}

void Session::push(const FrameRef& frame)
{
    counters_.messages_out += frame->messages();
    const bool was_empty = outbox_.empty();
    outbox_.push(frame);
    if (was_empty) {
        transport_.flush_soon();
    }
}

} // namespace ws_pubsub
