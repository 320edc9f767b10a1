// Plain frames: no protocol at all, so any client works.
#include <string>

#include "base/close_code.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;

ClientOptions plain()
{
    ClientOptions options;
    options.protocol = &kPlainProtocol;
    options.topic = "room";
    return options;
}

void test_messages_are_frames(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& sender = cluster.connect(plain());
    TestClient& other = cluster.connect(cluster.second, plain());
    sender.say("hello");
    sender.say("");
    sender.say_binary("\0\xff"sv);
    cluster.run();
    for (TestClient* client : {&sender, &other}) {
        const auto frames = client->take_frames();
        assert_int_equal(frames.size(), 3);
        assert_true((frames[0] == ServerFrame{Opcode::text, false, "hello"}));
        assert_true((frames[1] == ServerFrame{Opcode::text, false, ""}));
        assert_true((frames[2] == ServerFrame{Opcode::binary, false,
                                              std::string("\0\xff"sv)}));
    }
    assert_int_equal(other.session().counters().messages_out, 3);
}

void test_begins_with_the_value(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.zone.put("room", "old");
    cluster.zone.put("room", "new");
    TestClient& client = cluster.connect(plain());
    assert_text(client.take(), "new");
}

// JSON goes out as it came in, and what has no words in this mode is not said.
void test_no_notices(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect(plain());
    cluster.connect().say(R"({"op":"pub","topic":"room","data":{"x" :1}})");
    cluster.run();
    assert_text(client.take(), R"({"x" :1})");
    assert_true(*cluster.zone.remove("room"));
    cluster.run();
    assert_text(client.take(), "");
    assert_false(bool(client.protocol().farewell(kCloseGoingAway, "x", 1)));
}

void test_compressed(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options = plain();
    options.deflated = true;
    TestClient& client = cluster.connect(options);
    const std::string text(1000, 'x');
    client.say(text);
    cluster.run();
    const auto frames = client.take_frames();
    assert_int_equal(frames.size(), 1);
    assert_true((frames[0] == ServerFrame{Opcode::text, true, text}));
}

void test_only_listening(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options = plain();
    options.publish = {"other"};
    TestClient& client = cluster.connect(options);
    client.say("x");
    assert_int_equal(client.close_code(), kClosePolicy);
    assert_false(cluster.zone.exists("room"));
}

void test_only_speaking(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options = plain();
    options.subscribe = {};
    TestClient& client = cluster.connect(options);
    client.say("x");
    cluster.run();
    assert_text(client.take(), "");
    assert_text(cluster.zone.read("room"), "1:x");
    assert_false(client.closed());
}

void test_rate(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options = plain();
    options.rate = {60, 0};
    TestClient& client = cluster.connect(options);
    client.say("1");
    cluster.first.clock.now += 1000;
    client.say("2");
    assert_false(client.closed());
    client.say("3");
    assert_int_equal(client.close_code(), kClosePolicy);
    assert_text(cluster.zone.read("room"), "2:2");
}

void test_full_zone(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect(plain());
    cluster.zone.leave_room(0);
    client.say("x");
    assert_int_equal(client.close_code(), kCloseInternalError);
    TestClient& late = cluster.connect(cluster.second, plain());
    assert_int_equal(late.close_code(), kCloseInternalError);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_messages_are_frames, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_begins_with_the_value,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_no_notices, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_compressed, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_only_listening, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_only_speaking, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_rate, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_full_zone, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
