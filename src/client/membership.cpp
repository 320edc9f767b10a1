#include "client/membership.hpp"

namespace ws_pubsub {

void Membership::count_slow()
{
    Broker& its = broker();
    its.store().workers.counters(its.worker()).slow.add(1);
}

void Membership::leave()
{
    if (has_left()) {
        return;
    }
    broker().remove_session(session_);
    lease_.give_back();
}

} // namespace ws_pubsub
