// The clients of a zone in one worker.
//
// Thread safety: none; one registry for each broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "broker/broker.hpp"
#include "client/session_events.hpp"

namespace ws_pubsub {

class Client;

class Registry {
public:
    // Both outlive it.
    Registry(Broker& broker, const Clock& clock)
        : broker_(broker), clock_(clock), events_(broker)
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

    // Who has a place, from 0 to size() - 1; where one leaves, the last one
    // takes it.
    [[nodiscard]] Client& at(size_t place) const { return *clients_[place]; }

    // Its session's, from 1 on, which is made when it is first asked for. Of a
    // client that has left only the last that did can still be told; 0: it can
    // not.
    uint64_t id_of(const Client& client);
    // nullptr: there is none.
    [[nodiscard]] Client* find(uint64_t id) const;
    // One that is likely to be no other's.
    static uint64_t make_id();

    // To those who are told of sessions.
    void tell_open(Client& client) { events_.open(client); }

    [[nodiscard]] Broker& broker() const { return broker_; }

private:
    friend class Client;

    void add(Client& client, uint64_t id);
    void remove(Client& client);
    void set_id(const Client& client, uint64_t id);

    Broker& broker_;
    const Clock& clock_;
    std::vector<Client*> clients_; // each knows its place
    // Of those whose ids were asked for: most never are.
    std::unordered_map<const Client*, uint64_t> ids_;
    std::unordered_map<uint64_t, Client*> by_id_;
    const Client* left_ = nullptr; // the last that had one
    uint64_t left_id_ = 0;
    SessionEvents events_;
};

} // namespace ws_pubsub
