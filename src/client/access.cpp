#include "client/access.hpp"

namespace ws_pubsub {

bool Access::allow(bool may, std::string_view what, std::string_view wanted,
                   const Allowed& allowed) const
{
    if (!may) {
        log_.write(log_.to, {what, wanted, allowed, peer_.owner.identity});
    }
    return may;
}

bool Access::may_read(const Selector& wanted, std::string_view what) const
{
    const Permissions* may = peer_.permissions;
    return may == nullptr || allow(may->may_subscribe(wanted), what,
                                   wanted.text(), may->subscribe);
}

bool Access::may_publish(std::string_view topic) const
{
    const Permissions* may = peer_.permissions;
    return may == nullptr ||
           allow(may->may_publish(topic), "publish to", topic, may->publish);
}

bool Access::may_remove(std::string_view topic) const
{
    const Permissions* may = peer_.permissions;
    return may == nullptr ||
           allow(may->may_publish(topic), "remove", topic, may->publish);
}

bool Access::may_remove(const Selector& wanted) const
{
    const Permissions* may = peer_.permissions;
    return may == nullptr || allow(may->may_publish(wanted), "remove",
                                   wanted.text(), may->publish);
}

Result<Reader> Access::reader(const Selector& wanted,
                              std::string_view what) const
{
    if (!may_read(wanted, what)) {
        return kDenied;
    }
    return publisher_.served_reader();
}

Outcome Access::publish(const PublishRequest& request) const
{
    if (!may_publish(request.topic)) {
        return kDenied;
    }
    return ws_pubsub::publish(
        publisher_, request, peer_.owner, clock_.now_ms(), peer_.max_message,
        {peer_.session, peer_.user, peer_.owner.identity});
}

Outcome Access::remove(std::string_view topic, const Condition& condition) const
{
    if (!may_remove(topic)) {
        return kDenied;
    }
    return publisher_.remove(topic, clock_.now_ms(), condition);
}

} // namespace ws_pubsub
