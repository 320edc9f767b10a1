// One order of control, carried out on the clients of a worker step by step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "broker/broker.hpp"
#include "client/control_order.hpp"
#include "client/registry.hpp"

namespace ws_pubsub {

class ControlPass final : public Work {
public:
    // An order that was read.
    ControlPass(Registry& registry, int32_t pid, OrderToRead read,
                ControlOrder order);
    // The same, which nobody waits for.
    ControlPass(Registry& registry, int32_t pid, ControlOrder order)
        : ControlPass(registry, pid, {}, std::move(order))
    {}

    // At its end it has answered.
    bool step(size_t& left) override;
    [[nodiscard]] bool is_over() const { return over_; }

private:
    [[nodiscard]] bool matches(const Client& client) const;
    bool visit(Client& client, size_t& left);
    bool close(Client& client, size_t& left);
    bool unsubscribe(Client& client, size_t& left);
    bool revoke(Client& client, size_t& left);
    bool list(Client& client, size_t& left);
    void list_subscriptions(Client& client, size_t& left);
    void add_row(std::string key, std::string row);
    bool go_through(size_t& left);
    [[nodiscard]] std::string head() const;
    void answer();
    void answer_list();

    Registry& registry_;
    int32_t pid_;
    OrderToRead read_; // number 0: nobody has asked
    ControlOrder order_;
    size_t left_; // clients that are still to be looked at: the first ones
    uint64_t ended_ = 0;
    std::map<std::string, std::string> rows_; // the first ones, by key
    bool more_ = false;
    bool found_ = false; // a client that the order is about
    bool over_ = false;
};

} // namespace ws_pubsub
