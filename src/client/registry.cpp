#include "client/registry.hpp"

#include <unistd.h>

#include "base/keyed_hash.hpp"
#include "client/client.hpp"

namespace ws_pubsub {

void Registry::add(Client& client, uint64_t id)
{
    client.place_ = static_cast<uint32_t>(clients_.size());
    clients_.push_back(&client);
    if (left_ == &client) {
        left_ = nullptr;
    }
    if (id != 0) {
        set_id(client, id);
    }
}

// The last one takes its place.
void Registry::remove(Client& client)
{
    events_.close(client);
    clients_.back()->place_ = client.place_;
    clients_[client.place_] = clients_.back();
    clients_.pop_back();
    const auto found = ids_.find(&client);
    if (found != ids_.end()) {
        left_ = &client;
        left_id_ = found->second;
        by_id_.erase(found->second);
        ids_.erase(found);
    }
}

// Of a counter: no two of a process are alike, and nobody can tell the next.
uint64_t Registry::make_id()
{
    static const HashKey key = random_hash_key();
    static uint64_t made = 0;
    uint64_t id = 0;
    while (id == 0) {
        const uint64_t parts[] = {static_cast<uint64_t>(getpid()), ++made};
        id = keyed_hash({reinterpret_cast<const char*>(parts), sizeof(parts)},
                        key);
    }
    return id;
}

uint64_t Registry::id_of(const Client& client)
{
    if (client.membership_.has_left()) {
        return left_ == &client ? left_id_ : 0;
    }
    const auto found = ids_.find(&client);
    if (found != ids_.end()) {
        return found->second;
    }
    uint64_t id = make_id();
    while (by_id_.contains(id)) {
        id = make_id();
    }
    set_id(client, id);
    return id;
}

void Registry::set_id(const Client& client, uint64_t id)
{
    ids_[&client] = id;
    by_id_[id] = clients_[client.place_];
}

Client* Registry::find(uint64_t id) const
{
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

} // namespace ws_pubsub
