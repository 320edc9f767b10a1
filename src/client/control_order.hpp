// What control orders workers to do, as it travels in the zone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/close_code.hpp"
#include "base/limits.hpp"
#include "base/token_mark.hpp"
#include "readers/layout.hpp"

namespace ws_pubsub {

// Which sessions: those of which all is true that is said.
struct SessionFilter {
    std::optional<uint64_t> id;
    std::optional<std::string> user;
    std::optional<std::string> identity;
    std::optional<std::string> topic; // there is a subscription of that name
    std::optional<std::string> endpoint;
    bool all = false; // it is meant that nothing else is said

    [[nodiscard]] bool is_empty() const
    {
        return !all && !id && !user && !identity && !topic && !endpoint;
    }
};

struct ControlOrder {
    OrderKind kind = OrderKind::list;
    SessionFilter filter;
    // To list: not sessions, but the subscriptions of the one.
    bool subscriptions = false;
    std::string after; // only what comes behind it
    size_t limit = kMaxListedSessions;
    // To close.
    uint16_t code = kCloseOrdered;
    std::string reason;
    // To unsubscribe: all subscriptions that this covers.
    std::string selector;
    // To revoke: what no session may be here by any more.
    Revocation revocation;

    // JSON.
    [[nodiscard]] std::string text() const;
    // Of what text() has made. nullopt: it has not.
    static std::optional<ControlOrder> parse(OrderKind kind,
                                             std::string_view text);
};

// A session's id as users see it: 16 hexadecimal digits.
[[nodiscard]] std::string session_id_text(uint64_t id);
[[nodiscard]] std::optional<uint64_t> parse_session_id(std::string_view text);

} // namespace ws_pubsub
