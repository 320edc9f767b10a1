#include "broker/session.hpp"

#include "broker/laggards.hpp"
#include "broker/review.hpp"

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

bool Session::make_room(size_t bytes)
{
    if (fits(bytes)) {
        return true;
    }
    transport_.flush_now();
    return fits(bytes);
}

bool Session::send(const FrameRef& frame, Laggards* laggards)
{
    if (stopped()) {
        return false;
    }
    if (!fits(frame->size())) {
        return send_late(frame, laggards);
    }
    push(frame);
    return true;
}

// The frame does not fit.
bool Session::send_late(const FrameRef& frame, Laggards* laggards)
{
    if (!make_room(frame->size()) &&
        (laggards == nullptr || !laggards->admit(*this))) {
        counters_.dropped += frame->messages();
        close_too_slow();
        return false;
    }
    push(frame);
    return true;
}

void Session::close_too_slow()
{
    transport_.close(EndCause::too_slow, "too slow");
}

void Session::tell_ended(const FrameRef& notice, std::string_view reason,
                         Laggards& laggards)
{
    if (notice) {
        send(notice, &laggards);
    } else {
        transport_.close(EndCause::policy, reason);
    }
}

void Session::begin_review(Review& review, std::string identity)
{
    review.left = subscriptions();
    review.renamed = identity != identity_.text();
    if (review.renamed) {
        review.former = identity_.replace(std::move(identity));
    }
    seat_.review = &review;
    intake_ = Intake::allowed;
}

void Session::end_review()
{
    if (!stopped()) {
        seat_.review = nullptr;
        intake_ = Intake::all;
    }
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
