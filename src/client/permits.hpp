// What lets a client do more than its permissions say: tickets, and hooks that
// were asked. There is the one that its command comes with, and those that its
// subscriptions stay for.
//
// Thread safety: none; a client's own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/token_mark.hpp"
#include "client/hooks.hpp"
#include "client/permissions.hpp"

namespace ws_pubsub {

// Times are seconds of the system's clock; 0: never.
struct Permit {
    enum class Of : uint8_t { ticket, hook };

    Permissions permissions;
    uint32_t due_s = 0; // when it ends; or, of a hook, is to be asked for anew
    Of of = Of::ticket;
    // Of a ticket: for whom alone it is, empty: for anybody; and its mark.
    std::string user;
    TokenMark mark;

    [[nodiscard]] bool is_covered(const Revocation& revocation) const
    {
        return of == Of::ticket && revocation.covers(user, mark);
    }
};

// A subscription's hook that is asked anew.
struct Renewal {
    std::unique_ptr<PendingHook> pending; // null: it is not being asked
    uint32_t wait_s = 0;                  // after it could not be asked
    std::optional<Verdict> refusal;       // the subscription has to end
};

class Permits {
public:
    // What a subscription stays for.
    struct Held {
        Permit permit; // without its permissions
        Renewal renewal;
    };

    void show(Permit permit) { shown_ = std::move(permit); }
    void put_away() { shown_.reset(); }
    [[nodiscard]] const std::optional<Permit>& shown() const { return shown_; }

    // The subscription to the selector stays as long as the one that is shown
    // says. False: that is not for it.
    bool hold(const Selector& selector);
    // No effect where there is none.
    void forget(std::string_view selector);
    // nullptr: there is none. Valid until it is forgotten.
    [[nodiscard]] Held* find(std::string_view selector);
    [[nodiscard]] bool allow(std::string_view selector) const
    {
        return held_.find(selector) != held_.end();
    }
    // Tickets that it covers are put away, or due now. True: there are some.
    bool revoke(const Revocation& revocation);
    // REQUIRES: there is one.
    void set_due(std::string_view selector, uint32_t due_s);

    // When the first of them is due.
    [[nodiscard]] uint32_t first_due_s() const
    {
        return due_.empty() ? 0 : due_.begin()->first;
    }
    // Its selector. REQUIRES: first_due_s() is not 0.
    [[nodiscard]] std::string_view first() const
    {
        return due_.begin()->second;
    }

private:
    std::optional<Permit> shown_;
    std::map<std::string, Held, std::less<>> held_;
    std::set<std::pair<uint32_t, std::string_view>> due_; // texts of held_
};

} // namespace ws_pubsub
