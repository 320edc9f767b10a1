// A client's place among the sessions of a zone, from when it was admitted
// until it leaves: its session, and what the broker does for that.
//
//   connection ── has room, has written, ends ──▶ Membership ──▶ broker
//
// It asks for no rights: what is new for a client is asked of the client.
//
// Thread safety: none; a client's own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/broker.hpp"
#include "client/registry.hpp"

namespace ws_pubsub {

class Membership {
public:
    // Registry, transport and limits outlive it. REQUIRES: the registry has
    // given the lease.
    Membership(Registry& registry, SessionLease lease, Transport& transport,
               Encoding encoding, const SessionLimits& limits,
               std::string identity)
        : session_(transport, encoding, limits, std::move(identity)),
          lease_(std::move(lease)), registry_(registry),
          since_s_(static_cast<uint32_t>(registry.clock().now_ms() / 1000))
    {}
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    ~Membership() { leave(); }

    [[nodiscard]] Session& session() { return session_; }
    [[nodiscard]] const Session& session() const { return session_; }
    [[nodiscard]] bool has_left() const { return !lease_; }
    // Since 1970.
    [[nodiscard]] uint32_t since_s() const { return since_s_; }
    // As Broker::is_subscribed().
    [[nodiscard]] bool is_subscribed(std::string_view selector) const
    {
        return broker().is_subscribed(session_, selector);
    }

    // As Publisher::catch_up().
    [[nodiscard]] std::unique_ptr<PendingChange>
    catch_up(std::string_view topic, const Position& at) const
    {
        return broker().publisher().catch_up(topic, at);
    }

    // The session wants_more(), and its outbox has room again.
    void send_more() { broker().resume(session_); }
    // As Broker::caught_up().
    void caught_up() { broker().caught_up(session_); }
    // It is closed for being slow: counts that.
    void count_slow();
    // As Broker::end_subscriptions().
    bool end_subscriptions() { return broker().end_subscriptions(session_); }
    // Nothing in the broker refers to the session any more, and its place is
    // free. No effect if it has left.
    void leave();

private:
    friend class Client;
    [[nodiscard]] Broker& broker() const { return registry_.broker(); }

    // What a delivery needs comes first, close together.
    Session session_;
    SessionLease lease_; // none once it has left
    Registry& registry_;
    uint32_t since_s_;
};

} // namespace ws_pubsub
