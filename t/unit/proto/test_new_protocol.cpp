// A protocol that is known here only: what a new one needs, and that it needs
// nothing else. It echoes: `+topic` subscribes, `topic=text` publishes, and a
// message comes as `topic=text`.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint16_t kEchoGoingAway = 4001;

class EchoDialect final : public Dialect {
public:
    explicit EchoDialect(Framing& framing) : framing_(framing) {}

    FrameRef messages(bool deflate, std::string_view topic, const Batch& batch,
                      size_t first, size_t last) override
    {
        framing_.begin();
        for (size_t i = first; i < last; i++) {
            std::string text(topic);
            text += '=';
            text += batch[i].message.payload;
            framing_.add(Framing::Kind::text, text, deflate);
        }
        return framing_.take(static_cast<uint32_t>(last - first));
    }

private:
    Framing& framing_;
};

class EchoProtocol final : public Protocol {
public:
    EchoProtocol(Client& client, Framing& framing)
        : client_(client), framing_(framing)
    {}

    void on_open() override { say("hello"); }
    void on_message(bool /*binary*/, std::string_view text) override
    {
        if (!client_.begin_command()) {
            return client_.close(EndCause::policy, "too fast");
        }
        const size_t equals = text.find('=');
        if (text.starts_with('+')) {
            subscribe(*Selector::parse(text.substr(1)));
        } else if (equals != std::string_view::npos) {
            PublishRequest request;
            request.topic = text.substr(0, equals);
            request.kind = PayloadKind::text;
            request.payload = text.substr(equals + 1);
            say(client_.publish(request).answer() ? "ok" : "no");
        } else {
            client_.close(EndCause::bad_command, "what?");
        }
    }
    [[nodiscard]] uint16_t close_code(EndCause cause) const override
    {
        return cause == EndCause::going_away ? kEchoGoingAway
                                             : usual_close_code(cause);
    }

private:
    void subscribe(const Selector& selector)
    {
        const auto subscribed = client_.subscribe(selector, {});
        say(subscribed ? "ok" : "no");
        if (subscribed) {
            client_.start(*subscribed->subscription);
        }
    }
    void say(std::string_view text)
    {
        client_.session().send(framing_.make(
            Framing::Kind::text, text, client_.session().encoding().deflated));
    }

    Client& client_;
    Framing& framing_;
};

const ProtocolKind kEcho{
    "echo",
    {},
    kFreeDialect,
    [](Client& client, Framing& framing,
       const std::string& /*topic*/) -> std::unique_ptr<Protocol> {
        return std::make_unique<EchoProtocol>(client, framing);
    }};

void test_beside_others(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.zone.put("a", "0");
    EchoDialect dialect(cluster.first.writer);
    cluster.first.dialects.encoder.add(kFreeDialect, dialect);
    ClientOptions options;
    options.protocol = &kEcho;
    options.publish = {"a"};
    TestClient& echo = cluster.connect(options);
    options.deflated = true;
    TestClient& deflated = cluster.connect(options);
    TestClient& json = cluster.connect();
    assert_text(echo.take(), "hello");
    deflated.take();
    json.sub("a");
    json.take();

    echo.say("+a");
    deflated.say("+a");
    echo.say("a=1");
    cluster.run();
    assert_text(echo.take(), "ok\na=0\nok\na=1");
    assert_text(deflated.take(), "ok\na=0\na=1");
    assert_text(json.take(), R"({"op":"msg","topic":"a","seq":2,"text":"1"})");
    // What it has no words for is not said, and rights hold for it, too.
    assert_true(*cluster.zone.remove("a"));
    cluster.run();
    assert_text(echo.take(), "");
    echo.say("b=1");
    assert_text(echo.take(), "no");
    assert_int_equal(echo.protocol().close_code(EndCause::going_away),
                     kEchoGoingAway);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_beside_others, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
