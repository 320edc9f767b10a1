// Ends the subscriptions that a client may not have any more since its rights
// have changed, in the turns that all share.
#pragma once

#include "broker/broker.hpp"

namespace ws_pubsub {

class Client;

class Recheck final : public Work, public Entitlement {
public:
    // Both outlive it. From now on nothing goes to the client that it may not
    // have; it is that identity.
    Recheck(Client& client, Broker& broker, std::string identity);

    // Whether its last step was done.
    [[nodiscard]] bool is_over() const { return over_; }
    // At its end the client goes on.
    bool step(size_t& left) override;
    [[nodiscard]] bool allows(const Selector& selector) const override;

private:
    Client& client_;
    Broker& broker_;
    Review review_;
    bool over_ = false;
};

} // namespace ws_pubsub
