#include "client/permits.hpp"

namespace ws_pubsub {

bool Permits::hold(const Selector& selector)
{
    if (!shown_ || !shown_->permissions.may_subscribe(selector)) {
        return false;
    }
    forget(selector.text());
    held_.emplace(selector.text(), Held{0, shown_->of, {}});
    set_due(selector.text(), shown_->due_s);
    return true;
}

void Permits::forget(std::string_view selector)
{
    const auto found = held_.find(selector);
    if (found != held_.end()) {
        due_.erase({found->second.due_s, found->first});
        held_.erase(found);
    }
}

Permits::Held* Permits::find(std::string_view selector)
{
    const auto found = held_.find(selector);
    return found == held_.end() ? nullptr : &found->second;
}

void Permits::set_due(std::string_view selector, uint32_t due_s)
{
    const auto found = held_.find(selector);
    due_.erase({found->second.due_s, found->first});
    found->second.due_s = due_s;
    if (due_s != 0) {
        due_.emplace(due_s, found->first);
    }
}

} // namespace ws_pubsub
