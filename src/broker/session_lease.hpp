// A session's place among those that its zone may have.
//
// Whoever accepts a connection takes it before there is a session, and holds it
// as long as the session is one of the zone's; at its end the place is free.
#pragma once

#include <utility>

namespace ws_pubsub {

class Broker;

class SessionLease {
public:
    // None.
    SessionLease() = default;
    // The place was counted. The broker outlives it.
    explicit SessionLease(Broker& broker) : broker_(&broker) {}
    SessionLease(SessionLease&& other) noexcept
        : broker_(std::exchange(other.broker_, nullptr))
    {}
    SessionLease& operator=(SessionLease&& other) noexcept
    {
        std::swap(broker_, other.broker_);
        other.give_back();
        return *this;
    }
    SessionLease(const SessionLease&) = delete;
    SessionLease& operator=(const SessionLease&) = delete;
    ~SessionLease() { give_back(); }

    // Whether there is one.
    explicit operator bool() const { return broker_ != nullptr; }
    // Of the zone and the worker. REQUIRES: there is one.
    [[nodiscard]] Broker& broker() const { return *broker_; }
    // No effect where there is none.
    void give_back() noexcept;

private:
    Broker* broker_ = nullptr;
};

} // namespace ws_pubsub
