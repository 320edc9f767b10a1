#include "proto/protocol.hpp"

#include "base/close_code.hpp"

namespace ws_pubsub {

uint16_t usual_close_code(EndCause cause)
{
    switch (cause) {
    case EndCause::going_away:
        return kCloseGoingAway;
    case EndCause::protocol_error:
        return kCloseProtocolError;
    case EndCause::unsupported_data:
        return kCloseUnsupportedData;
    case EndCause::bad_payload:
        return kCloseBadPayload;
    case EndCause::policy:
        return kClosePolicy;
    case EndCause::too_big:
        return kCloseTooBig;
    case EndCause::too_slow:
        return kCloseTooSlow;
    case EndCause::no_pong:
        return kCloseNoPong;
    case EndCause::expired:
        return kCloseExpired;
    case EndCause::unauthorized:
        return kCloseUnauthorized;
    case EndCause::bad_command:
        return kCloseBadCommand;
    case EndCause::unavailable:
        return kCloseTryAgainLater;
    case EndCause::internal_error:
        break;
    }
    return kCloseInternalError;
}

} // namespace ws_pubsub
