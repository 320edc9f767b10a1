// Workers and their clients over one zone, without sockets: what a client
// would read is in its session's outbox.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.hpp"
#include "proto/dialects.hpp"
#include "proto/json_protocol.hpp"
#include "proto/plain_protocol.hpp"
#include "support/fake_authority.hpp"
#include "support/fake_hooks.hpp"
#include "support/ports.hpp"
#include "support/server_frames.hpp"
#include "support/zone.hpp"
#include "wire/frame_writer.hpp"

namespace ws_pubsub {

class TestWorker {
public:
    TestWorker(Zone& zone, const Policies& policies,
               Committer* committer = nullptr);

    // Turns of the event loop until there is nothing more to do.
    void run();

    Store store;
    FrameWriter writer;
    Dialects dialects;
    FakeScheduler scheduler;
    FakeClock clock;
    Broker broker;
    Registry registry{broker, clock};
};

Allowed allowed(const std::vector<const char*>& selectors);

struct ClientOptions {
    const ProtocolKind* protocol = &kJsonProtocol;
    bool deflated = false;
    SessionLimits limits;
    // What it may do, as of the directives.
    std::vector<const char*> subscribe = {"**"};
    std::vector<const char*> publish = {"**"};
    Rate rate;
    const char* topic = "plain"; // of the endpoint
    // As of Rights and Admission.
    const char* user = nullptr; // of its token; null: it has none
    TokenMark mark;             // of that
    const char* identity = "";
    uint32_t end_s = 0;
    uint32_t token_due_s = 0;
    FakeTokens* tokens =
        nullptr; // that it may bring; null: it has no authority
    HookRules hooks;
    FakeApplication* application = nullptr; // that is asked; null: none is
    std::optional<Permit> permit;
};

class TestClient {
public:
    TestClient(TestWorker& worker, const ClientOptions& options);
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;
    ~TestClient() = default;

    // All of it, in however many turns.
    void say(std::string_view text);
    // The turns that it has asked for.
    void run();
    // As much of the text as fits into one turn.
    void begin_to_say(std::string_view text)
    {
        protocol_->on_message(false, text);
    }
    void say_binary(std::string_view bytes)
    {
        protocol_->on_message(true, bytes);
    }
    // Subscribes, and forgets the reply; `more` is further members.
    void sub(std::string_view topic, std::string_view more = {});

    // What is in the outbox by now, a line for each frame, as a client that
    // is fast enough would get it; epochs as numbers from 0 on.
    std::string take();
    // The same, but only what is in the outbox, and no more is asked for.
    std::string take_queued();
    std::vector<ServerFrame> take_frames();

    [[nodiscard]] bool closed() const { return transport_.closes > 0; }
    [[nodiscard]] int close_code() const { return transport_.close_code; }
    // Messages.
    uint64_t sent() { return session().counters().messages_out; }
    Session& session() { return client_.session(); }
    Client& client() { return client_; }
    RecordingTransport& transport() { return transport_; }
    Protocol& protocol() { return *protocol_; }

private:
    TestWorker& worker_;
    RecordingTransport transport_;
    ClientSettings settings_;
    Client client_;
    std::unique_ptr<Protocol> protocol_;
};

// A zone with two workers, as tests of brokers and protocols need it.
struct Cluster {
    explicit Cluster(size_t zone_bytes = kTestZoneBytes) : zone(zone_bytes) {}

    TestClient& connect(const ClientOptions& options = {})
    {
        return connect(first, options);
    }
    TestClient& connect(TestWorker& worker, const ClientOptions& options = {});
    // Ends the session.
    void disconnect(TestClient& client);
    // Until no worker has anything more to do.
    void run();

    Zone zone;
    Policies policies;
    TestWorker first{zone, policies};
    TestWorker second{zone, policies};
    std::vector<std::unique_ptr<TestClient>> clients;
};

// Around a test of a cluster: makes it; ends all sessions and workers, and
// checks what they leave in the zone.
int make_cluster(void** state);
int end_cluster(void** state);
// The same, but that it is not destroyed. 0: all was well.
int check_at_end(Cluster& cluster);

} // namespace ws_pubsub
