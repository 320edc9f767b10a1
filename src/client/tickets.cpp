#include "client/tickets.hpp"

namespace ws_pubsub {

bool Tickets::hold(const Selector& selector)
{
    if (!shown_ || !shown_->permissions.may_subscribe(selector)) {
        return false;
    }
    forget(selector.text());
    const auto held = ends_.emplace(selector.text(), shown_->end_s).first;
    if (shown_->end_s != 0) {
        due_.emplace(shown_->end_s, held->first);
    }
    return true;
}

void Tickets::forget(std::string_view selector)
{
    const auto found = ends_.find(selector);
    if (found != ends_.end()) {
        due_.erase({found->second, found->first});
        ends_.erase(found);
    }
}

} // namespace ws_pubsub
