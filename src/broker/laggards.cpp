#include "broker/laggards.hpp"

#include <algorithm>

#include "broker/session.hpp"

namespace ws_pubsub {

bool Laggards::admit(Session& session)
{
    if (session.seat().lag != Lag::none) {
        return session.seat().lag == Lag::overflown;
    }
    const Outbox& outbox = session.outbox();
    const bool fresh =
        outbox.stalled() && clock_.ticks_ms() - outbox.took_ms() <= kFreshMs;
    if (!fresh || (none() && !begin())) {
        return false;
    }
    session.seat().lag = Lag::overflown;
    waiting_.push_back(&session);
    return true;
}

bool Laggards::hold()
{
    if (none()) {
        return false;
    }
    if (clock_.ticks_ms() >= due_ms_) {
        end();
        return false;
    }
    for (Session* session : waiting_) {
        session->seat().lag = Lag::waited_for;
    }
    return true;
}

bool Laggards::remove(Session& session)
{
    session.seat().lag = Lag::none;
    if (std::erase(waiting_, &session) == 0 || !none()) {
        return false;
    }
    end();
    return true;
}

// False when it was waited for too much of late.
bool Laggards::begin()
{
    const int64_t now_ms = clock_.ticks_ms();
    const int64_t earned_ms = (now_ms - credit_since_ms_) / kLagWaitShare;
    credit_ms_ = std::min(credit_ms_ + earned_ms, kMostLagWaitMs);
    credit_since_ms_ += earned_ms * kLagWaitShare;
    began_ms_ = now_ms;
    due_ms_ = now_ms + credit_ms_;
    return credit_ms_ > 0;
}

// Those that are left are not waited for any more. Where that comes late, the
// wait was until due_ms() all the same.
void Laggards::end()
{
    for (Session* session : waiting_) {
        session->seat().lag = Lag::waited_for;
    }
    waiting_.clear();
    credit_ms_ -= std::min(clock_.ticks_ms(), due_ms_) - began_ms_;
}

} // namespace ws_pubsub
