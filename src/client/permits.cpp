#include "client/permits.hpp"

namespace ws_pubsub {

namespace {

constexpr uint32_t kLongAgo = 1; // 0: never

} // namespace

bool Permits::hold(const Selector& selector)
{
    if (!shown_ || !shown_->permissions.may_subscribe(selector)) {
        return false;
    }
    forget(selector.text());
    Permit permit = *shown_;
    permit.permissions = {};
    permit.due_s = 0;
    held_.emplace(selector.text(), Held{std::move(permit), {}});
    set_due(selector.text(), shown_->due_s);
    return true;
}

void Permits::forget(std::string_view selector)
{
    const auto found = held_.find(selector);
    if (found != held_.end()) {
        due_.erase({found->second.permit.due_s, found->first});
        held_.erase(found);
    }
}

Permits::Held* Permits::find(std::string_view selector)
{
    const auto found = held_.find(selector);
    return found == held_.end() ? nullptr : &found->second;
}

bool Permits::revoke(const Revocation& revocation)
{
    if (shown_ && shown_->is_covered(revocation)) {
        put_away();
    }
    bool found = false;
    for (const auto& [selector, held] : held_) {
        if (held.permit.is_covered(revocation)) {
            set_due(selector, kLongAgo);
            found = true;
        }
    }
    return found;
}

void Permits::set_due(std::string_view selector, uint32_t due_s)
{
    const auto found = held_.find(selector);
    due_.erase({found->second.permit.due_s, found->first});
    found->second.permit.due_s = due_s;
    if (due_s != 0) {
        due_.emplace(due_s, found->first);
    }
}

} // namespace ws_pubsub
