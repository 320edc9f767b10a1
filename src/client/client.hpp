// One peer of a worker, whatever it speaks: who it is, what it may do, and how
// much of it.
//
//   protocol ── what the peer asks for ──▶ Client ── if it may ──▶ broker
//
// A protocol has nothing but this to work with. It reaches neither a broker nor
// a store, so that it can't forget to ask whether the peer may.
//
// Thread safety: none; a client belongs to one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/token_bucket.hpp"
#include "broker/broker.hpp"
#include "client/access.hpp"
#include "client/effort.hpp"
#include "client/hooks.hpp"
#include "client/membership.hpp"
#include "client/registry.hpp"
#include "client/standing.hpp"

namespace ws_pubsub {

// What all clients of a location have in common; its configuration holds it.
struct ClientSettings {
    SessionLimits limits;
    Rate rate; // of its commands
    size_t max_message = kDefaultMaxMessageBytes;
    HookRules hooks;
};

// What of a client its connection knows.
struct LinkInfo {
    std::string_view address;  // of the peer
    std::string_view endpoint; // the location
    std::string_view protocol;
    uint16_t close_code = 0; // 0: it is open
};

// The connection to a peer.
class Link : public Transport {
public:
    // As close(), with that code.
    virtual void close_with(uint16_t code, std::string_view reason) = 0;
    // For who lists sessions.
    [[nodiscard]] virtual LinkInfo info() const = 0;
    // The peer was refused something: for the server's log.
    virtual void log_denial(const Denial& denial) = 0;
    // A client that has paused goes on: call Effort::begin_turn(), and its
    // protocol's, in the next turn of the event loop.
    virtual void go_on_soon() = 0;
    // The time until its client's run_due() is another one.
    virtual void due_changed() = 0;
};

inline constexpr Error kNotSubscribed{Errc::unknown_topic, "not subscribed"};

class Client {
public:
    // `registry`, `link` and `settings` outlive it. REQUIRES: the registry has
    // given the lease.
    Client(Registry& registry, SessionLease lease, Link& link,
           Encoding encoding, const ClientSettings& settings,
           Admission admission);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { leave(); }

    [[nodiscard]] const ClientSettings& settings() const { return settings_; }
    // What the broker does for it, whatever it may.
    [[nodiscard]] Membership& membership() { return membership_; }
    [[nodiscard]] const Membership& membership() const { return membership_; }
    [[nodiscard]] Session& session() { return membership_.session(); }
    [[nodiscard]] const Session& session() const
    {
        return membership_.session();
    }
    // Ends all that it has in the broker. No effect if it has left.
    void leave();

    void close(EndCause cause, std::string_view reason)
    {
        link_.close(cause, reason);
    }
    void close_with(uint16_t code, std::string_view reason)
    {
        link_.close_with(code, reason);
    }

    // --- for who lists and controls sessions
    [[nodiscard]] LinkInfo info() const { return link_.info(); }
    // As of Registry.
    uint64_t id() { return membership_.registry_.id_of(*this); }
    // Its session has begun: to be told, unless it has yet to bring a token.
    // Once is enough.
    void tell_open() { membership_.registry_.tell_open(*this); }
    // As Broker::withdraw().
    Broker::Unsubscribed withdraw(std::string_view selector, const Error& why);

    // --- how much it may ask for
    // A command has come: counts it. False: it comes too early, by the rate.
    [[nodiscard]] bool begin_command();
    // What its commands cost, and what they wait for.
    [[nodiscard]] Effort& effort() { return effort_; }
    [[nodiscard]] const Effort& effort() const { return effort_; }

    // --- who it is, and what it may
    [[nodiscard]] Standing& standing() { return standing_; }
    [[nodiscard]] const Standing& standing() const { return standing_; }

    // --- what it asks for
    // Each does nothing that the client may not: error denied; or that a hook
    // has to be asked for first: unavailable.
    // For a selector that is a topic; else as Broker::subscribe().
    Result<Subscribed> subscribe(const Selector& selector,
                                 SubscribeOptions options);
    // For any other: what to go through step by step, for subscribe(). The
    // selector outlives it.
    Result<std::unique_ptr<Subscribing>>
    begin_subscribing(const Selector& selector, SubscribeOptions options);
    Result<Subscribed> subscribe(const Selector& selector,
                                 Subscribing& subscribing);
    // As Broker::start() and unsubscribe().
    void start(Subscription& subscription);
    Broker::Unsubscribed unsubscribe(std::string_view selector);
    // As Access::publish().
    Outcome publish(const PublishRequest& request);
    // What reads those topics: to be used at once, since rights may change.
    Result<Reader> reader(const Selector& wanted);
    // Errors: denied; bad_request, the topic has no presence.
    Result<PresenceList> who(const Selector& topic);

private:
    friend class Registry;
    friend class Effort;
    friend class PermitKeeper;
    friend class Standing;
    [[nodiscard]] Access access(const Permissions& permissions,
                                std::string_view session = {});
    std::optional<Error> check_reading(const Selector& wanted);
    [[nodiscard]] const Clock& clock() const
    {
        return membership_.registry_.clock();
    }
    [[nodiscard]] Broker& broker() { return membership_.broker(); }

    // What a delivery needs comes first, close together.
    Membership membership_;
    Link& link_;
    const ClientSettings& settings_;
    Standing standing_;
    TokenBucket bucket_;
    Effort effort_;
    uint32_t place_ = 0; // in the registry
};

} // namespace ws_pubsub
