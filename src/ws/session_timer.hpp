// The one timer of a session, for all that has its time: the silence of the
// peer, a message that is not whole yet, and what the client has due.
//
// It is the read timer of the connection. Closing has it for itself.
#pragma once

#include "ngx/ngx.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/end_cause.hpp"
#include "ws/keepalive.hpp"

namespace ws_pubsub {

class SessionTimer {
public:
    SessionTimer() : keepalive_(ngx_current_msec) {}

    static void arm(ngx_connection_t* c, int64_t ms)
    {
        ngx_add_timer(c->read, static_cast<ngx_msec_t>(ms));
    }
    // For the time before the peer has said anything.
    static void arm_first(ngx_connection_t* c, const KeepaliveTimes& times,
                          int64_t due_left_ms);
    // So that it runs out in that time at the latest. kNoLimit: no effect.
    static void arm_within(ngx_connection_t* c, int64_t left_ms);

    void heard() { keepalive_.heard(ngx_current_msec); }

    // The session when the timer runs out.
    struct Now {
        int64_t message_left_ms; // kNoLimit: no message is waited for
        int64_t due_left_ms;     // kNoLimit: the client has nothing due
        size_t queued_bytes;     // in its outbox
        bool unheard;            // something that the peer has sent is unread
    };
    struct Due {
        enum class Action : uint8_t { go_on, ping, close };
        Action action = Action::go_on;
        EndCause cause = EndCause::going_away; // of close
        std::string_view reason;               // a literal
    };
    // What is to be done; but for close, the timer is set again.
    Due due(ngx_connection_t* c, const KeepaliveTimes& times, const Now& now);

private:
    Keepalive keepalive_;
};

} // namespace ws_pubsub
