#include "ngx/ngx.hpp"

#include "ws/session_timer.hpp"

#include <algorithm>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "ws/session_settings.hpp"

namespace ws_pubsub {

namespace {

// A message is late, but what has come of it waits for us: look again then.
constexpr int64_t kUnheardAgainMs = 100;

// TLS adds a little to what the kernel holds, so that a little less seems to
// be taken than is: that only errs for as long as much is on its way.
StreamEnds stream_ends(const ngx_connection_t* c, size_t queued_bytes)
{
    int unacknowledged = 0;
    if (ioctl(c->fd, SIOCOUTQ, &unacknowledged) == -1) {
        unacknowledged = 0;
    }
    return {c->sent + static_cast<int64_t>(queued_bytes),
            c->sent - unacknowledged};
}

} // namespace

void SessionTimer::arm_first(ngx_connection_t* c, const KeepaliveTimes& times,
                             int64_t due_left_ms)
{
    const int64_t quiet_ms =
        times.interval_ms > 0 ? times.interval_ms : kNoLimit;
    const int64_t first_ms = std::min(quiet_ms, due_left_ms);
    if (first_ms != kNoLimit) {
        arm(c, std::max<int64_t>(first_ms, 0));
    }
}

void SessionTimer::arm_within(ngx_connection_t* c, int64_t left_ms)
{
    const auto timer_ms =
        static_cast<ngx_msec_int_t>(c->read->timer.key - ngx_current_msec);
    if (left_ms != kNoLimit && (!c->read->timer_set || timer_ms > left_ms)) {
        arm(c, std::max<int64_t>(left_ms, 0));
    }
}

SessionTimer::Due SessionTimer::due(ngx_connection_t* c,
                                    const KeepaliveTimes& times, const Now& now)
{
    int64_t again_ms = std::min(now.message_left_ms, now.due_left_ms);
    if (again_ms <= 0) {
        if (!now.unheard) {
            return {Due::Action::close, EndCause::too_slow,
                    "message not finished in time"};
        }
        again_ms = kUnheardAgainMs;
    }
    Due due;
    if (times.interval_ms > 0) {
        const Keepalive::Due next =
            keepalive_.due(times, ngx_current_msec,
                           stream_ends(c, now.queued_bytes), now.unheard);
        if (next.action == Keepalive::Action::give_up) {
            return {Due::Action::close, EndCause::no_pong, "no pong"};
        }
        if (next.action == Keepalive::Action::ping) {
            due.action = Due::Action::ping;
        }
        again_ms = std::min(again_ms, next.again_ms);
    }
    if (again_ms != kNoLimit) {
        arm(c, again_ms);
    }
    return due;
}

} // namespace ws_pubsub
