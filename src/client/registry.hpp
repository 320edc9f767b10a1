// The clients of a zone in one worker.
//
// Thread safety: none; one registry for each broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "broker/broker.hpp"

namespace ws_pubsub {

class Client;

class Registry {
public:
    // Both outlive it.
    Registry(Broker& broker, const Clock& clock)
        : broker_(broker), clock_(clock)
    {}
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;
    // REQUIRES: all clients have left.
    ~Registry() = default;

    // As Broker::admit(): a place for one more client.
    [[nodiscard]] SessionLease admit(uint64_t limit)
    {
        return broker_.admit(limit);
    }

    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] size_t size() const { return clients_.size(); }
    // visit(Client&) must neither add nor remove one.
    template <class Visit>
    void for_each(Visit&& visit) const
    {
        for (Client* client : clients_) {
            visit(*client);
        }
    }

private:
    friend class Client;

    void add(Client& client);
    void remove(const Client& client);

    Broker& broker_;
    const Clock& clock_;
    std::vector<Client*> clients_; // each knows its place
};

} // namespace ws_pubsub
