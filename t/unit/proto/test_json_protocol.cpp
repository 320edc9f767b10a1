// json.wspubsub.v1: commands in, replies out, over a real zone.
#include <string>

#include "base/close_code.hpp"
#include "base/position_text.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::string error(std::string_view id, int code)
{
    return "{\"id\":" + std::string(id) +
           ",\"error\":{\"code\":" + std::to_string(code) + ",\"message\":\"";
}

void expect_error(TestClient& client, std::string_view id, Errc code)
{
    const std::string reply = client.take();
    if (!reply.starts_with(error(id, code_of(code))) ||
        !reply.ends_with("\"}}")) {
        fail_msg("no error %d: %s", code_of(code), reply.c_str());
    }
}

void test_ping(void** state)
{
    TestClient& client = state_of<Cluster>(state).connect();
    client.say(R"({"op":"ping"})");
    assert_text(client.take(), R"({"op":"pong"})");
    client.say(R"({"op":"ping","id":"x\"y"})");
    assert_text(client.take(), R"({"id":"x\"y","op":"pong"})");
}

void test_subscribe_publish_unsubscribe(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    client.say(R"({"id":1,"op":"sub","topic":"a"})");
    assert_text(client.take(),
                R"({"id":1,"ok":{"topics":[],"recovered":true}})");
    client.say(R"({"id":"p","op":"pub","topic":"a","data":{"x": 1}})");
    assert_text(client.take(), R"({"id":"p","ok":{"epoch":"0","seq":1}})");
    cluster.run();
    assert_text(client.take(), R"({"op":"topic","topic":"a","epoch":"0","seq":0}
{"op":"msg","topic":"a","seq":1,"data":{"x": 1}})");

    // The reply to unsub comes behind what was published before.
    client.say(R"({"op":"pub","topic":"a","text":"y"})");
    client.say(R"({"id":2,"op":"unsub","topic":"a"})");
    client.say(R"({"op":"pub","topic":"a","text":"z"})");
    cluster.run();
    assert_text(client.take(), R"({"op":"msg","topic":"a","seq":2,"text":"y"}
{"id":2,"ok":{}})");
}

void test_subscribe_lists_topics(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    cluster.zone.put("a/2", "x");
    cluster.zone.put("a/1", "y");
    cluster.zone.put("a/1", "z");
    client.say(R"({"id":1,"op":"sub","topic":"a/*"})");
    assert_text(client.take(),
                R"({"id":1,"ok":{"topics":[)"
                R"({"topic":"a/1","epoch":"1","seq":2},)"
                R"({"topic":"a/2","epoch":"0","seq":1}],"recovered":true}})"
                "\n"
                R"({"op":"msg","topic":"a/1","seq":2,"text":"z"})"
                "\n"
                R"({"op":"msg","topic":"a/2","seq":1,"text":"x"})");
}

void test_subscription_errors(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.limits.max_subscriptions = 2;
    options.subscribe = {"a/**", "b"};
    TestClient& client = cluster.connect(options);
    client.say(R"({"id":1,"op":"sub","topic":"c"})");
    expect_error(client, "1", Errc::denied);
    client.say(R"({"id":2,"op":"sub","topic":"**"})"); // wider than allowed
    expect_error(client, "2", Errc::denied);
    client.sub("a/*");
    client.say(R"({"id":3,"op":"sub","topic":"a/*"})");
    expect_error(client, "3", Errc::already_subscribed);
    client.sub("b");
    client.say(R"({"id":4,"op":"sub","topic":"a/b"})");
    expect_error(client, "4", Errc::limit);
    client.say(R"({"id":5,"op":"unsub","topic":"a/b"})");
    expect_error(client, "5", Errc::unknown_topic);
    assert_int_equal(client.session().subscriptions(), 2);
    assert_false(client.closed());
}

void test_publish_payloads(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    client.sub("a", R"(,"since":"new")");
    client.say(R"({"op":"pub","topic":"a","data":[1 , 2]}
{"op":"pub","topic":"a","text":"\u0000\""}
{"op":"pub","topic":"a","b64":"AP8="})");
    cluster.run();
    assert_text(client.take(), R"({"op":"topic","topic":"a","epoch":"0","seq":0}
{"op":"msg","topic":"a","seq":1,"data":[1 , 2]}
{"op":"msg","topic":"a","seq":2,"text":"\u0000\""}
{"op":"msg","topic":"a","seq":3,"b64":"AP8="})");
}

void test_publish_errors(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.publish = {"a/*", "$mine/*"};
    TestClient& client = cluster.connect(options);
    client.say(R"({"id":1,"op":"pub","topic":"b","data":1})");
    expect_error(client, "1", Errc::denied);
    client.say(R"({"id":2,"op":"pub","topic":"$mine/a","data":1})");
    expect_error(client, "2", Errc::denied);
    client.say(
        R"({"id":3,"op":"pub","topic":"a/1","data":1,"if":{"epoch":"1","seq":1}})");
    expect_error(client, "3", Errc::conflict);
    client.say(
        R"({"op":"pub","topic":"a/1","data":1,"if":"absent","key":"k"})");
    client.say(R"({"id":4,"op":"pub","topic":"a/1","data":1,"key":"k"})");
    assert_text(client.take(), R"({"id":4,"ok":{"epoch":"0","seq":1}})");
    client.say(R"({"id":5,"op":"pub","topic":"a/1","data":2,"key":"k"})");
    expect_error(client, "5", Errc::conflict);
    cluster.zone.leave_room(0);
    client.say(R"({"id":6,"op":"pub","topic":"a/2","data":1})");
    expect_error(client, "6", Errc::zone_full);
    assert_false(cluster.zone.exists("b"));
    assert_false(client.closed());
}

// Without an id there is no reply, but errors are told.
void test_without_ids(void** state)
{
    TestClient& client = state_of<Cluster>(state).connect();
    client.say(R"({"op":"pub","topic":"a","data":1}
{"op":"sub","topic":"b"}
{"op":"unsub","topic":"b"}
{"op":"get","topic":"a"}
{"op":"history","topic":"a","last":1})");
    assert_text(client.take(), "");
    client.say(R"({"op":"nothing"})");
    assert_true(client.take().starts_with(R"({"error":{"code":104,)"));
}

void test_get(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    for (const char* topic : {"a/1", "a/2", "a/3"}) {
        client.say(R"({"op":"pub","topic":")" + std::string(topic) +
                   R"(","data":1})");
    }
    const auto item = [](int n) {
        return R"({"topic":"a/)" + std::to_string(n) + R"(","epoch":")" +
               std::to_string(n - 1) + R"(","seq":1,"time":)" +
               std::to_string(kTestNowMs) + R"(,"data":1})";
    };
    client.say(R"({"id":1,"op":"get","topic":"a/2"})");
    assert_text(client.take(),
                R"({"id":1,"ok":{"items":[)" + item(2) + R"(],"more":false}})");
    client.say(R"({"id":2,"op":"get","topic":"a/*","limit":2})");
    assert_text(client.take(), R"({"id":2,"ok":{"items":[)" + item(1) + ',' +
                                   item(2) + R"(],"more":true}})");
    client.say(R"({"id":3,"op":"get","topic":"a/*","after":"a/2"})");
    assert_text(client.take(),
                R"({"id":3,"ok":{"items":[)" + item(3) + R"(],"more":false}})");
    client.say(R"({"id":4,"op":"get","topic":"b/*"})");
    assert_text(client.take(), R"({"id":4,"ok":{"items":[],"more":false}})");
    client.say(R"({"id":5,"op":"get","topic":"b"})");
    expect_error(client, "5", Errc::unknown_topic);
}

void test_history(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    std::string epoch;
    for (const char* payload : {"1", "2", "3"}) {
        epoch = epoch_text(cluster.zone.put("a", payload, keeping(5)).at.epoch);
    }
    client.say(R"({"id":1,"op":"history","topic":"a","last":2})");
    const std::string last_two = client.take();
    assert_true(last_two.find(R"("seq":2)") != std::string::npos);
    assert_true(last_two.ends_with(R"("text":"3"}],"more":false}})"));
    client.say(R"({"id":1,"op":"history","topic":"a","since":{"epoch":")" +
               epoch + R"(","seq":1}})");
    assert_text(client.take(), last_two);
    client.say(R"({"id":2,"op":"history","topic":"a","since":{"epoch":")" +
               epoch + R"(","seq":0},"limit":1})");
    assert_true(client.take().ends_with(R"("text":"1"}],"more":true}})"));
    client.say(
        R"({"id":3,"op":"history","topic":"a","since":{"epoch":"1","seq":1}})");
    expect_error(client, "3", Errc::other_epoch);
    client.say(R"({"id":4,"op":"history","topic":"b","last":1})");
    expect_error(client, "4", Errc::unknown_topic);
}

// Reading takes the same permission as subscribing.
void test_reads_are_denied(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.zone.put("b", "x");
    ClientOptions options;
    options.subscribe = {"a/*"};
    TestClient& client = cluster.connect(options);
    client.say(R"({"id":1,"op":"get","topic":"b"})");
    expect_error(client, "1", Errc::denied);
    client.say(R"({"id":2,"op":"get","topic":"**"})");
    expect_error(client, "2", Errc::denied);
    client.say(R"({"id":3,"op":"history","topic":"b","last":1})");
    expect_error(client, "3", Errc::denied);
}

void test_frames_that_end_the_session(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    for (const char* text : {"", " ", "x", "[]", "{\"op\":\"ping\"} x",
                             "{\"op\":\"ping\"} 1 {\"op\":\"ping\"}"}) {
        TestClient& client = cluster.connect();
        client.say(text);
        assert_int_equal(client.close_code(), kCloseBadCommand);
        // What came before was done, and nothing after it.
        const bool has_ping = std::string_view(text).starts_with('{');
        assert_text(client.take(), has_ping ? R"({"op":"pong"})" : "");
    }
    TestClient& client = cluster.connect();
    client.say_binary(R"({"op":"ping"})");
    assert_int_equal(client.close_code(), kCloseUnsupportedData);
    assert_text(client.take(), "");
}

void test_several_commands(void** state)
{
    TestClient& client = state_of<Cluster>(state).connect();
    client.say("{\"op\":\"ping\",\"id\":1}\n{\"op\":\"x\",\"id\":2}\n"
               "{\"op\":\"ping\",\"id\":3}");
    const auto frames = client.take_frames(); // one object a frame
    assert_int_equal(frames.size(), 3);
    assert_text(frames[0].payload, R"({"id":1,"op":"pong"})");
    assert_true(frames[1].payload.starts_with(error("2", 104)));
    assert_text(frames[2].payload, R"({"id":3,"op":"pong"})");
    assert_int_equal(client.session().counters().messages_in, 3);
}

void test_rate(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.rate = {60, 1};
    TestClient& client = cluster.connect(options);
    client.say(R"({"op":"ping","id":1}{"op":"ping","id":2})");
    assert_text(client.take(), "{\"id\":1,\"op\":\"pong\"}\n"
                               "{\"id\":2,\"op\":\"pong\"}");
    client.say(R"({"op":"pub","topic":"a","data":1,"id":3})");
    expect_error(client, "3", Errc::rate);
    assert_false(cluster.zone.exists("a"));
    client.say(R"({"op":1,"id":4})"); // a bad one is one, too
    expect_error(client, "4", Errc::rate);
    cluster.first.clock.now += 1000;
    client.say(R"({"op":"ping","id":5})");
    assert_text(client.take(), R"({"id":5,"op":"pong"})");
}

void test_farewell(void** state)
{
    TestClient& client = state_of<Cluster>(state).connect();
    const FrameRef frame =
        client.protocol().farewell(kCloseGoingAway, "going \"away\"", 250);
    const auto frames = parse_frames({frame->data(), frame->size()});
    assert_int_equal(frames.size(), 1);
    assert_text(
        frames[0].payload,
        R"({"op":"bye","code":1001,"reason":"going \"away\"","after":250})");
}

void test_compressed_replies(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.deflated = true;
    TestClient& client = cluster.connect(options);
    const std::string data = '"' + std::string(1000, 'x') + '"';
    client.sub("a", R"(,"since":"new")");
    client.say(R"({"op":"pub","topic":"a","data":)" + data + "}");
    client.say(R"({"op":"ping"})");
    cluster.run();
    const auto frames = client.take_frames();
    assert_int_equal(frames.size(), 3);
    assert_false(frames[0].compressed); // short
    assert_true(frames[2].compressed);
    assert_text(frames[2].payload,
                R"({"op":"msg","topic":"a","seq":1,"data":)" + data + "}");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ping, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_subscribe_publish_unsubscribe,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_subscribe_lists_topics,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_subscription_errors, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_publish_payloads, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_publish_errors, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_without_ids, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_get, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_history, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_reads_are_denied, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_frames_that_end_the_session,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_several_commands, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_rate, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_farewell, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_compressed_replies, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
