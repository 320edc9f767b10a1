#include "support/clients.hpp"

#include <cstdio>

#include "base/position_text.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {

namespace {

Allowed allowed(const std::vector<const char*>& selectors)
{
    std::vector<Selector> parsed;
    for (const char* text : selectors) {
        parsed.push_back(*Selector::parse(text));
    }
    return std::make_shared<const std::vector<Selector>>(std::move(parsed));
}

Permissions permissions_of(const ClientOptions& options)
{
    return {allowed(options.subscribe), allowed(options.publish)};
}

// Epochs grow from that of the zone's birth on, which says nothing to readers.
std::string with_small_epochs(std::string text)
{
    constexpr std::string_view kName = "\"epoch\":\"";
    size_t at = 0;
    while ((at = text.find(kName, at)) != std::string::npos) {
        at += kName.size();
        const size_t end = text.find('"', at);
        const auto epoch = parse_epoch(text.substr(at, end - at));
        if (epoch) {
            text.replace(at, end - at,
                         std::to_string(*epoch - kTestNowMs * 1000UL));
        }
    }
    return text;
}

} // namespace

TestWorker::TestWorker(Zone& zone, const Policies& policies)
    : store(zone.memory, zone.waker, *zone.header, zone.clock), encoder(writer),
      broker(Publisher{store, policies}, zone.attach(), encoder, scheduler,
             clock)
{}

void TestWorker::run()
{
    while (broker.read_inbox()) {
    }
    while (scheduler.asked) {
        scheduler.asked = false;
        while (broker.run()) {
        }
    }
}

TestClient::TestClient(TestWorker& worker, const ClientOptions& options)
    : worker_(worker), session_(transport_, options.encoding, options.limits)
{
    transport_.session = &session_;
    assert_true(worker.broker.add_session(0));
    ClientContext context{worker.broker, session_,
                          transport_,    worker.writer,
                          worker.clock,  permissions_of(options),
                          options.rate,  kDefaultMaxMessageBytes};
    if (is_plain(options.encoding)) {
        protocol_ =
            std::make_unique<PlainProtocol>(std::move(context), options.topic);
    } else {
        protocol_ = std::make_unique<JsonProtocol>(std::move(context));
    }
    protocol_->on_open();
}

TestClient::~TestClient()
{
    worker_.broker.remove_session(session_);
}

void TestClient::say(std::string_view text)
{
    protocol_->on_message(false, text);
    while (protocol_->is_tired()) {
        protocol_->begin_turn();
    }
}

void TestClient::sub(std::string_view topic, std::string_view more)
{
    say(R"({"op":"sub","topic":")" + std::string(topic) + '"' +
        std::string(more) + '}');
}

std::vector<ServerFrame> TestClient::take_frames()
{
    std::string bytes;
    Outbox& outbox = session_.outbox();
    for (size_t i = 0; i < outbox.frames(); i++) {
        bytes.append(outbox[i].data(), outbox[i].size());
    }
    outbox.clear();
    return parse_frames(bytes);
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
        if (session_.catching_up()) {
            worker_.broker.resume(session_);
            worker_.run();
        }
    } while (!session_.outbox().empty());
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

int end_cluster(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.clients.clear();
    cluster.run();
    const ZoneStatus status = cluster.zone.store->status();
    const std::string fault = cluster.zone.fault();
    destroy_state<Cluster>(state);
    if (!fault.empty()) {
        std::fprintf(stderr, "the zone: %s\n", fault.c_str());
    }
    return fault.empty() && status.sessions == 0 && status.subscriptions == 0
               ? 0
               : -1;
}

} // namespace ws_pubsub
