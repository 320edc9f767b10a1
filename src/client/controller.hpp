// Carries out in a worker what control orders, on the worker's clients.
//
// Each order is a pass over the clients, in turns that all share. What it
// answers to who has asked, a ControlTally reads.
//
// Thread safety: none; one for each registry.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/registry.hpp"

namespace ws_pubsub {

class ControlPass;

class Controller {
public:
    // The registry outlives it. `pid`: of this process, for lists.
    Controller(Registry& registry, int32_t pid);
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;
    ~Controller();

    // Whether there may be orders, or answers to its own, without the lock.
    [[nodiscard]] bool may_have_some() const
    {
        return orders().may_have_some(worker());
    }
    // Begins to carry out what was ordered. Returns whether some was missed:
    // then all sessions are closed.
    bool read_orders();

private:
    [[nodiscard]] Orders& orders() const
    {
        return registry_.broker().store().orders;
    }
    [[nodiscard]] WorkerId worker() const
    {
        return registry_.broker().worker();
    }
    void begin(std::unique_ptr<ControlPass> pass);

    Registry& registry_;
    int32_t pid_;
    std::vector<std::unique_ptr<ControlPass>> passes_; // that are not through
};

} // namespace ws_pubsub
