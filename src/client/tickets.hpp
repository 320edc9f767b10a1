// The tickets of a client: the one that its command comes with, and those that
// its subscriptions stay for.
//
// Thread safety: none; a client's own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "client/permissions.hpp"

namespace ws_pubsub {

// Times are seconds of the system's clock; 0: never.
class Tickets {
public:
    // What a ticket allows until it ends.
    struct Shown {
        Permissions permissions;
        uint32_t end_s = 0;
    };

    void show(Shown ticket) { shown_ = std::move(ticket); }
    void put_away() { shown_.reset(); }
    [[nodiscard]] const std::optional<Shown>& shown() const { return shown_; }

    // The subscription to the selector stays as long as the one that is shown.
    // False: that is not for it.
    bool hold(const Selector& selector);
    // No effect where there is none.
    void forget(std::string_view selector);
    [[nodiscard]] bool allow(std::string_view selector) const
    {
        return ends_.find(selector) != ends_.end();
    }

    // When the first of the subscriptions' tickets ends.
    [[nodiscard]] uint32_t first_end_s() const
    {
        return due_.empty() ? 0 : due_.begin()->first;
    }
    // Whose that is. REQUIRES: first_end_s() is not 0.
    [[nodiscard]] std::string_view first() const
    {
        return due_.begin()->second;
    }

private:
    std::optional<Shown> shown_;
    std::map<std::string, uint32_t, std::less<>> ends_;
    std::set<std::pair<uint32_t, std::string_view>> due_; // texts of ends_
};

} // namespace ws_pubsub
