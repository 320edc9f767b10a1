#include "support/clients.hpp"

#include <cstdio>

#include "base/position_text.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {

namespace {

Admission admission_of(const ClientOptions& options)
{
    Admission admission;
    admission.rights.permissions = {allowed(options.subscribe),
                                    allowed(options.publish)};
    admission.rights.end_s = options.end_s;
    if (options.user != nullptr) {
        admission.rights.user = options.user;
        admission.rights.mark = options.mark;
    }
    admission.rights.identity = options.identity;
    admission.token_due_s = options.token_due_s;
    if (options.tokens != nullptr) {
        admission.authority = std::make_unique<FakeAuthority>(*options.tokens);
    }
    if (options.application != nullptr) {
        admission.hooks = std::make_unique<FakeHooks>(*options.application);
    }
    admission.permit = options.permit;
    return admission;
}

// Epochs grow from that of the zone's birth on, which says nothing to readers.
std::string with_small_epochs(std::string text)
{
    for (const std::string_view name : {"\"epoch\":\"", "\"was\":\""}) {
        size_t at = 0;
        while ((at = text.find(name, at)) != std::string::npos) {
            at += name.size();
            const size_t end = text.find('"', at);
            const auto epoch = parse_epoch(text.substr(at, end - at));
            if (epoch) {
                text.replace(at, end - at,
                             std::to_string(*epoch - kTestNowMs * 1000UL));
            }
        }
    }
    return text;
}

} // namespace

Allowed allowed(const std::vector<const char*>& selectors)
{
    std::vector<Selector> parsed;
    for (const char* text : selectors) {
        parsed.push_back(*Selector::parse(text));
    }
    return std::make_shared<const std::vector<Selector>>(std::move(parsed));
}

TestWorker::TestWorker(Zone& zone, const Policies& policies,
                       Committer* committer)
    : store(zone.memory, zone.waker, *zone.header, zone.clock),
      dialects(writer), broker(store, policies, zone.attach(), dialects.encoder,
                               scheduler, clock, committer)
{}

void TestWorker::run()
{
    do {
        scheduler.asked_to_read = scheduler.asked_for_next = false;
        while (broker.read_inbox()) {
        }
        while (scheduler.asked) {
            scheduler.asked = false;
            while (broker.run()) {
            }
        }
    } while (scheduler.asked_to_read || scheduler.asked_for_next);
}

TestClient::TestClient(TestWorker& worker, const ClientOptions& options)
    : worker_(worker),
      transport_(worker.clock), settings_{options.limits, options.rate,
                                          kDefaultMaxMessageBytes,
                                          options.hooks},
      client_(worker.registry, worker.registry.admit(0), transport_,
              Encoding{options.protocol->dialect, options.deflated}, settings_,
              admission_of(options))
{
    transport_.session = &client_.session();
    protocol_ = options.protocol->make(client_, worker.writer, options.topic);
    protocol_->on_open();
}

void TestClient::say(std::string_view text)
{
    protocol_->on_message(false, text);
    while (client_.effort().is_tired() && !client_.effort().is_full()) {
        client_.effort().begin_turn();
        protocol_->begin_turn();
        if (client_.effort().is_tired()) {
            worker_.broker.run();
        }
    }
}

void TestClient::run()
{
    while (!closed() && std::exchange(transport_.turns, 0) > 0) {
        client_.effort().begin_turn();
        protocol_->begin_turn();
        worker_.run();
    }
}

void TestClient::sub(std::string_view topic, std::string_view more)
{
    say(R"({"op":"sub","topic":")" + std::string(topic) + '"' +
        std::string(more) + '}');
}

std::vector<ServerFrame> TestClient::take_frames()
{
    transport_.room += session().outbox().bytes();
    transport_.offer();
    return parse_frames(std::exchange(transport_.taken, {}));
}

std::string TestClient::take_queued()
{
    std::string text;
    for (const ServerFrame& frame : take_frames()) {
        text += text.empty() ? "" : "\n";
        text += frame.payload;
    }
    return with_small_epochs(std::move(text));
}

std::string TestClient::take()
{
    std::string text;
    do {
        const std::string more = take_queued();
        text += text.empty() || more.empty() ? "" : "\n";
        text += more;
        if (session().seat().is_catching_up()) {
            worker_.broker.resume(session());
            worker_.run();
        }
    } while (!session().outbox().empty());
    return text;
}

TestClient& Cluster::connect(TestWorker& worker, const ClientOptions& options)
{
    clients.push_back(std::make_unique<TestClient>(worker, options));
    return *clients.back();
}

void Cluster::disconnect(TestClient& client)
{
    std::erase_if(clients,
                  [&](const auto& other) { return other.get() == &client; });
}

void Cluster::run()
{
    // Delivering wakes nobody, so once round is enough.
    first.run();
    second.run();
}

int make_cluster(void** state)
{
    return make_state<Cluster>(state);
}

int check_at_end(Cluster& cluster)
{
    cluster.clients.clear();
    cluster.run();
    const ZoneStatus status = cluster.zone.store->status();
    const std::string fault = cluster.zone.fault();
    if (!fault.empty()) {
        std::fprintf(stderr, "the zone: %s\n", fault.c_str());
    }
    return fault.empty() && status.sessions == 0 && status.subscriptions == 0
               ? 0
               : -1;
}

int end_cluster(void** state)
{
    const int result = check_at_end(state_of<Cluster>(state));
    return destroy_state<Cluster>(state) + result;
}

} // namespace ws_pubsub
