// Close codes that the server sends (RFC 6455 section 7.4.1 and its registry;
// those from 3000 on are listed in docs/protocol.md).
#pragma once

#include <cstdint>

namespace ws_pubsub {

inline constexpr uint16_t kCloseNormal = 1000;
inline constexpr uint16_t kCloseGoingAway = 1001;
inline constexpr uint16_t kCloseProtocolError = 1002;
inline constexpr uint16_t kCloseUnsupportedData = 1003;
inline constexpr uint16_t kCloseNoStatus = 1005; // never on the wire
inline constexpr uint16_t kCloseAbnormal = 1006; // never on the wire
inline constexpr uint16_t kCloseBadPayload = 1007;
inline constexpr uint16_t kClosePolicy = 1008;
inline constexpr uint16_t kCloseTooBig = 1009;
inline constexpr uint16_t kCloseInternalError = 1011;
inline constexpr uint16_t kCloseServiceRestart = 1012;
inline constexpr uint16_t kCloseTryAgainLater = 1013;
inline constexpr uint16_t kCloseExpired = 3005;
inline constexpr uint16_t kCloseTooSlow = 3008;
inline constexpr uint16_t kCloseNoPong = 3012;
inline constexpr uint16_t kCloseBadCommand = 3500;
inline constexpr uint16_t kCloseUnauthorized = 3502;
inline constexpr uint16_t kCloseOrdered = 3503; // where control says no other

} // namespace ws_pubsub
