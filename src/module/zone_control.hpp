// Control in one worker: the orders of a zone that it carries out, and the
// requests that wait for what others say to theirs.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

#include "client/controller.hpp"
#include "http/control_waits.hpp"

namespace ws_pubsub {

class ZoneControl {
public:
    // `zone`: its name.
    explicit ZoneControl(std::string zone) : zone_(std::move(zone)) {}

    // With a registry it has a slot, in which it finds orders and answers. The
    // registry outlives it, or detach().
    void attach(Registry& registry);
    void detach()
    {
        controller_.reset();
        registry_ = nullptr;
    }
    // Without the lock: to be asked after the worker was woken.
    [[nodiscard]] bool may_have_some() const
    {
        return controller_ && controller_->may_have_some();
    }
    // To be called before the inbox is read: orders come before messages that
    // were published later.
    void run();
    ControlWaits& waits() { return waits_; }

private:
    std::string zone_;
    Registry* registry_ = nullptr;
    std::optional<Controller> controller_;
    ControlWaits waits_;
};

} // namespace ws_pubsub
