#include "ws/keepalive.hpp"

namespace ws_pubsub {

namespace {

// So little is always on its way: a ping does not wait for it. The kernel of
// a peer takes it also when nobody reads there any more.
constexpr int64_t kOnItsWayBytes = 4096;

} // namespace

Keepalive::Due Keepalive::due(uint64_t now_ms, const StreamEnds& ends)
{
    if (!pinged_) {
        const auto silent_ms = static_cast<int64_t>(now_ms - heard_ms_);
        if (silent_ms < interval_ms_) {
            return {Action::wait, interval_ms_ - silent_ms};
        }
        pinged_ = true;
        pinged_at_ = ends;
        return {Action::ping, timeout_ms_};
    }
    const bool waits = pinged_at_.queued - pinged_at_.taken > kOnItsWayBytes;
    if (!waits || ends.taken <= pinged_at_.taken) {
        return {Action::give_up, 0};
    }
    pinged_at_.taken = ends.taken;
    return {Action::wait, timeout_ms_};
}

} // namespace ws_pubsub
