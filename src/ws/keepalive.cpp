#include "ws/keepalive.hpp"

namespace ws_pubsub {

namespace {

// So little is always on its way: a ping does not wait for it. The kernel of
// a peer takes it also when nobody reads there any more.
constexpr int64_t kOnItsWayBytes = 4096;

} // namespace

bool Keepalive::takes_all_it_can(const StreamEnds& ends) const
{
    return ends.taken >= ends.queued || ends.taken > alive_at_.taken;
}

Keepalive::Due Keepalive::due(const KeepaliveTimes& times, uint64_t now_ms,
                              const StreamEnds& ends, bool input_waits)
{
    const int64_t most_ms = pinged_ ? times.timeout_ms : times.interval_ms;
    const auto silent_ms = static_cast<int64_t>(now_ms - since_ms_);
    if (silent_ms < most_ms) {
        return {Action::wait, most_ms - silent_ms};
    }
    since_ms_ = now_ms;
    if (input_waits && takes_all_it_can(ends)) {
        pinged_ = false;
        alive_at_ = ends;
        return {Action::wait, times.interval_ms};
    }
    if (!pinged_) {
        pinged_ = true;
        alive_at_ = ends;
        return {Action::ping, times.timeout_ms};
    }
    const bool ping_waits = alive_at_.queued - alive_at_.taken > kOnItsWayBytes;
    if (!ping_waits || ends.taken <= alive_at_.taken) {
        return {Action::give_up, 0};
    }
    alive_at_.taken = ends.taken;
    return {Action::wait, times.timeout_ms};
}

} // namespace ws_pubsub
