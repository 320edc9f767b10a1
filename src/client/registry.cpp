#include "client/registry.hpp"

#include "client/client.hpp"

namespace ws_pubsub {

void Registry::add(Client& client)
{
    client.place_ = static_cast<uint32_t>(clients_.size());
    clients_.push_back(&client);
}

// The last one takes its place.
void Registry::remove(const Client& client)
{
    clients_.back()->place_ = client.place_;
    clients_[client.place_] = clients_.back();
    clients_.pop_back();
}

} // namespace ws_pubsub
