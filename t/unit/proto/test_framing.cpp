// The same words in another framing: lines, which are known here only. Neither
// the JSON protocol nor its dialect takes notice.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

class Lines final : public Framing {
public:
    void add(Kind /*kind*/, std::string_view words, bool /*deflate*/) override
    {
        bytes() += words;
        bytes() += '\n';
    }
};

// That of all connections of the kind.
Lines& lines()
{
    static Lines framing;
    return framing;
}

const ProtocolKind kJsonLines{
    "json lines",
    {},
    kFreeDialect,
    [](Client& client, Framing& /*framing*/,
       const std::string& /*topic*/) -> std::unique_ptr<Protocol> {
        return std::make_unique<JsonProtocol>(client, lines());
    }};

std::string taken(TestClient& client)
{
    client.transport().room += client.session().outbox().bytes();
    client.transport().offer();
    return std::exchange(client.transport().taken, {});
}

// Of the frames that a WebSocket has got.
std::string payloads(TestClient& client)
{
    std::string text;
    for (const ServerFrame& frame : client.take_frames()) {
        text += frame.payload;
        text += '\n';
    }
    return text;
}

void test_words_as_lines(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    JsonDialect dialect(lines());
    cluster.first.dialects.encoder.add(kFreeDialect, dialect);
    ClientOptions options;
    options.protocol = &kJsonLines;
    TestClient& client = cluster.connect(options);
    TestClient& other = cluster.connect(); // over a WebSocket
    client.say(R"({"id":1,"op":"sub","topic":"a"}{"id":2,"op":"ping"})");
    other.sub("a");
    other.take();
    assert_text(taken(client),
                "{\"id\":1,\"ok\":{\"topics\":[],\"recovered\":true}}\n"
                "{\"id\":2,\"op\":\"pong\"}\n");

    cluster.zone.put("a", "1");
    cluster.zone.put("a", "2");
    cluster.run();
    const std::string words = payloads(other);
    assert_true(words.find("\"seq\":2") != std::string::npos);
    assert_text(taken(client), words);

    assert_true(*cluster.zone.remove("a"));
    cluster.run();
    assert_text(taken(client), payloads(other));
    const FrameRef bye = client.protocol().farewell(1012, "bye", 100);
    assert_text(std::string(bye->data(), bye->size()),
                "{\"op\":\"bye\",\"code\":1012,\"reason\":\"bye\","
                "\"after\":100}\n");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words_as_lines, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
