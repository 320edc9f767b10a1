#include "broker/session_lease.hpp"

#include "broker/broker.hpp"

namespace ws_pubsub {

void SessionLease::give_back() noexcept
{
    if (broker_ != nullptr) {
        Broker& broker = *std::exchange(broker_, nullptr);
        broker.store().workers.close_session(broker.worker());
    }
}

} // namespace ws_pubsub
