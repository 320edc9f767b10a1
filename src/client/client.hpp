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

    [[nodiscard]] Session& session() { return session_; }
    [[nodiscard]] const Session& session() const { return session_; }
    [[nodiscard]] const ClientSettings& settings() const { return settings_; }

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
    // Of its token; empty: nobody's.
    [[nodiscard]] std::string_view user() const { return standing_.user(); }
    [[nodiscard]] uint32_t since_s() const { return since_s_; }
    // When it ends by time; 0: never.
    [[nodiscard]] uint32_t end_s() const { return standing_.end_s(); }
    // As of Registry.
    uint64_t id() { return registry_.id_of(*this); }
    // As Broker::withdraw().
    Broker::Unsubscribed withdraw(std::string_view selector, const Error& why);
    [[nodiscard]] bool is_subscribed(std::string_view selector) const
    {
        return registry_.broker_.is_subscribed(session_, selector);
    }

    // --- how much it may ask for
    // A command has come: counts it. False: it comes too early, by the rate.
    [[nodiscard]] bool begin_command();
    // What its commands cost, and whether it waits for something.
    [[nodiscard]] Effort& effort() { return effort_; }
    [[nodiscard]] const Effort& effort() const { return effort_; }
    // After Effort::pause(): it goes on in the next turn.
    void resume();
    // What it waited for is there: a turn is to follow.
    void go_on_soon() { link_.go_on_soon(); }

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
    Result<ChangeAnswer> publish(const PublishRequest& request);
    // What reads those topics: to be used at once, since rights may change.
    Result<Reader> reader(const Selector& wanted);
    // Errors: denied; bad_request, the topic has no presence.
    Result<PresenceList> who(const Selector& topic);
    // As Broker::begin() and cancel().
    bool begin(Work& work);
    void cancel(const Work& work);

    // --- for its connection
    // As of Broker.
    void send_more();
    void caught_up();
    bool end_subscriptions();
    void count_slow();
    // Ends all that it has in the broker. No effect if it has left.
    void leave();

private:
    friend class Registry;
    friend class PermitKeeper;
    friend class Standing;
    [[nodiscard]] Access access(const Permissions& permissions);
    std::optional<Error> check_reading(const Selector& wanted);
    [[nodiscard]] const Clock& clock() const { return registry_.clock(); }
    [[nodiscard]] Broker& broker() { return registry_.broker_; }

    // What a delivery needs comes first, close together.
    Session session_;
    SessionLease lease_; // none once it has left
    Registry& registry_;
    Link& link_;
    const ClientSettings& settings_;
    Standing standing_;
    TokenBucket bucket_;
    Effort effort_;
    uint32_t place_ = 0; // in the registry
    uint32_t since_s_;   // since 1970
};

} // namespace ws_pubsub
