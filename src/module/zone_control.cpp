#include "ngx/ngx.hpp"

#include "module/zone_control.hpp"

#include "ngx/guard.hpp"

namespace ws_pubsub {

void ZoneControl::attach(Registry& registry)
{
    registry_ = &registry;
    controller_.emplace(registry, static_cast<int32_t>(ngx_pid));
}

void ZoneControl::run()
{
    if (!may_have_some()) {
        return;
    }
    guarded([&] {
        if (controller_->read_orders()) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "ws_pubsub: zone \"%s\": orders of control were "
                          "missed, all sessions of this worker are closed",
                          zone_.c_str());
        }
        Broker& broker = registry_->broker();
        waits_.take(broker.store().orders, broker.worker());
    });
}

} // namespace ws_pubsub
