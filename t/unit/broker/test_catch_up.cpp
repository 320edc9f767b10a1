// What a subscription starts with: values, history, what came since; paced by
// the room in the session's queue, and never out of order with what comes
// meanwhile.
#include <string>

#include "support/asserts.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_value(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 3, 5);
    TestClient& client = cluster.connect();
    client.sub("a");
    fill(cluster, "a", 1, 5);
    cluster.run();
    assert_text(client.take(), msgs("a", 3, 4));
}

void test_only_changes(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 3, 5);
    TestClient& client = cluster.connect();
    client.sub("*", R"(,"since":"new")");
    assert_text(client.take(), "");
    fill(cluster, "a", 2, 5);
    cluster.run();
    assert_text(client.take(), msgs("a", 4, 5));
}

void test_last(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 9, 5);
    for (const int last : {0, 1, 3, 5, 100}) {
        TestClient& client = cluster.connect();
        client.sub("a", R"(,"since":{"last":)" + std::to_string(last) + '}');
        assert_text(client.take(), msgs("a", 10 - std::min(last, 5), 9));
    }
}

void test_resume(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const uint64_t epoch = fill(cluster, "a", 9, 5).epoch;
    for (const uint64_t seq : {4, 6, 9}) {
        TestClient& client =
            cluster.connect(seq == 6 ? cluster.first : cluster.second);
        client.say(R"({"id":1,"op":"sub","topic":"a","since":)" +
                   since({epoch, seq}) + '}');
        std::string expected = "{\"id\":1,\"ok\":{\"topics\":[{\"topic\":\"a\","
                               "\"epoch\":\"0\",\"seq\":9}],"
                               "\"recovered\":true}}";
        if (seq < 9) {
            expected += '\n' + msgs("a", static_cast<int>(seq) + 1, 9);
        }
        assert_text(client.take(), expected);
    }
}

void test_lost(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const uint64_t epoch = fill(cluster, "a", 9, 3).epoch;
    const auto resume = [&](Position at) {
        TestClient& client = cluster.connect();
        client.say(R"({"id":1,"op":"sub","topic":"a","since":)" + since(at) +
                   '}');
        const std::string text = client.take();
        assert_true(text.find(R"("recovered":false)") != std::string::npos);
        return text.substr(text.find('\n') + 1);
    };
    const auto expected = [](int from) {
        return R"({"op":"gap","topic":"a","from":)" + std::to_string(from) +
               ",\"to\":6,\"cause\":\"evicted\"}\n" + msgs("a", 7, 9);
    };
    assert_text(resume({epoch, 2}), expected(3));
    // Another epoch, and a message that never was.
    assert_text(resume({epoch + 1, 2}), expected(1));
    assert_text(resume({epoch, 10}), expected(1));
}

void test_positions_of_many_topics(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Position one = fill(cluster, "a/1", 4, 9);
    fill(cluster, "a/2", 4, 9);
    const Position three = fill(cluster, "a/3", 4, 9);
    TestClient& client = cluster.connect();
    client.sub("a/*", R"(,"positions":{"a/1":)" + since({one.epoch, 2}) +
                          R"(,"a/3":)" + since(three) + '}');
    // Topics that are not named start as "since" says.
    assert_text(client.take(), msgs("a/1", 3, 4) + '\n' + msg("a/2", 4));
    TestClient& other = cluster.connect();
    other.sub("a/*", R"(,"since":"new","positions":{"a/3":)" +
                         since({three.epoch, 3}) + '}');
    assert_text(other.take(), msg("a/3", 4));
}

// A topic of the positions that is no more.
void test_position_of_a_removed_topic(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Position at = fill(cluster, "a/1", 4, 9);
    assert_true(*cluster.zone.remove("a/1"));
    TestClient& client = cluster.connect();
    client.say(R"({"id":1,"op":"sub","topic":"a/*","positions":{"a/1":)" +
               since(at) + "}}");
    assert_text(client.take(),
                R"({"id":1,"ok":{"topics":[],"recovered":false}})"
                "\n"
                R"({"op":"gone","topic":"a/1","reason":"deleted"})");
}

// Where a worker has not yet told that it is gone, it is told once.
void test_position_of_a_topic_just_removed(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& other = cluster.connect();
    other.sub("a/*");
    const Position at = fill(cluster, "a/1", 4, 9);
    cluster.run();
    assert_true(*cluster.zone.remove("a/1"));
    TestClient& client = cluster.connect();
    client.sub("a/*", R"(,"positions":{"a/1":)" + since(at) + '}');
    cluster.run();
    assert_text(client.take(),
                R"({"op":"gone","topic":"a/1","reason":"deleted"})");
}

// Of more topics than there is room for at once.
void test_positions_of_many_removed_topics(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    std::string positions;
    std::string expected;
    for (int i = 100; i < 200; i++) {
        const std::string topic = "t/" + std::to_string(i);
        positions += (positions.empty() ? "\"" : ",\"") + topic +
                     R"(":{"epoch":"1","seq":1})";
        expected.insert(0, R"({"op":"gone","topic":")" + topic +
                               "\",\"reason\":\"deleted\"}" +
                               (expected.empty() ? "" : "\n"));
    }
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("t/*", ",\"positions\":{" + positions + '}');
    assert_true(client.session().outbox().bytes() < 4096);
    assert_text(client.take(), expected);
    assert_false(client.session().seat().is_catching_up());
}

// Another subscription of the session brings the topic already.
void test_overlapping_subscriptions(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 3, 5);
    fill(cluster, "a/2", 3, 5);
    TestClient& client = cluster.connect();
    client.sub("a/1");
    client.sub("a/*");
    client.sub("**", R"(,"since":{"last":3})");
    assert_text(client.take(), msg("a/1", 3) + '\n' + msg("a/2", 3));
    fill(cluster, "a/1", 1, 5);
    cluster.run();
    assert_text(client.take(), msg("a/1", 4));
}

// Values and history wait for room; live messages need the rest.
void test_paced_by_the_queue(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    std::string expected;
    for (int i = 100; i < 200; i++) {
        const std::string topic = "t/" + std::to_string(i);
        fill(cluster, topic, 3, 5);
        expected += (expected.empty() ? "" : "\n") + msgs(topic, 1, 3);
    }
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("t/*", R"(,"since":{"last":9})");
    std::string got;
    int parts = 0;
    while (client.session().seat().is_catching_up() ||
           !client.session().outbox().empty()) {
        assert_true(client.session().outbox().bytes() <= 4096);
        got += (got.empty() ? "" : "\n") + client.take_queued();
        cluster.first.broker.resume(client.session());
        cluster.run();
        parts++;
    }
    assert_text(got, expected);
    assert_true(parts > 3);
    assert_false(client.closed());
}

// The history of one topic is more than there is room for.
void test_long_history(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 200, 500);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("a", R"(,"since":{"last":150})");
    assert_true(client.session().seat().is_catching_up());
    fill(cluster, "a", 50, 500); // it goes on meanwhile
    cluster.run();
    assert_true(client.session().outbox().bytes() <= 4096);
    assert_text(client.take(), msgs("a", 51, 250));
    assert_false(client.session().seat().is_catching_up());
}

// Messages of topics whose turn has not come yet: history that goes before them
// waits for room, and so do they.
void test_message_before_its_turn(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 100, 500);
    fill(cluster, "b", 100, 500);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("*", R"(,"since":{"last":1000})");
    std::string got = client.take_queued();
    assert_true(got.find("\"b\"") == std::string::npos);
    fill(cluster, "b", 2, 500);
    cluster.run();
    assert_true(client.session().outbox().bytes() <= 4096);
    got += '\n' + client.take();
    assert_text(got, msgs("a", 1, 100) + '\n' + msgs("b", 1, 102));
    assert_false(client.closed());
}

// Where no history goes before them, they come at once: nobody might hold them
// later.
void test_live_before_its_turn(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 100, 500);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    cluster.zone.put("b", "1", keeping_nothing());
    cluster.zone.put("c", "1", keeping_nothing());
    TestClient& client = cluster.connect(options);
    client.sub("*", R"(,"since":{"last":1000})");
    client.take_queued();
    cluster.zone.put("b", "2", keeping_nothing());
    cluster.zone.put("c", "2", keeping_nothing());
    cluster.run();
    assert_text(client.take_queued(), msg("b", 2) + '\n' + msg("c", 2));
    client.take();
    cluster.zone.put("c", "3", keeping_nothing());
    cluster.run();
    assert_text(client.take(), msg("c", 3));
}

// Topics beyond those that the reply names are told of when they start.
void test_more_topics_than_a_reply_names(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const int count = static_cast<int>(kMaxListedTopics) + 3;
    for (int i = 0; i < count; i++) {
        fill(cluster, "t/" + std::to_string(10'000 + i), 1, 1);
    }
    ClientOptions options;
    options.limits.queue_bytes = 1UL << 20;
    TestClient& client = cluster.connect(options);
    client.say(R"({"id":1,"op":"sub","topic":"t/*"})");
    cluster.run();
    const std::string text = client.take();
    for (int i = count - 4; i < count; i++) {
        const std::string topic = "t/" + std::to_string(10'000 + i);
        const bool listed = i < static_cast<int>(kMaxListedTopics);
        const size_t notice = text.find(R"({"op":"topic","topic":")" + topic);
        const size_t value = text.find('\n' + msg(topic, 1));
        assert_int_equal(notice == std::string::npos, listed);
        assert_true(value != std::string::npos);
        assert_true(listed || notice < value);
    }
    assert_int_equal(client.session().counters().messages_out, count);
}

void test_leaves_while_catching_up(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 200, 500);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    TestClient& other = cluster.connect(options);
    for (TestClient* one : {&client, &other}) {
        one->sub("a", R"(,"since":{"last":150})");
    }
    client.say(R"({"op":"unsub","topic":"a"})");
    assert_false(client.session().seat().is_catching_up());
    cluster.disconnect(other);
    client.take();
    fill(cluster, "a", 1, 500);
    cluster.run();
    assert_text(client.take(), "");
    assert_int_equal(cluster.zone.put("a", "x").subscribers, 0);
}

// However fast they read, and however many they are: in one turn of the event
// loop sessions get so much history together, and all have their turn.
void test_long_histories_in_turns(void** state)
{
    constexpr int kCount = 100;
    constexpr size_t kClients = 3;
    const std::string text(64UL * 1024, 'x');
    Cluster& cluster = state_of<Cluster>(state);
    for (int i = 0; i < kCount; i++) {
        cluster.zone.put("a", text, keeping(kCount));
    }
    std::vector<TestClient*> clients;
    const auto sent = [&] {
        uint64_t messages = 0;
        for (TestClient* client : clients) {
            messages += client->sent();
        }
        return messages;
    };
    for (size_t i = 0; i < kClients; i++) {
        clients.push_back(&cluster.connect());
        clients.back()->sub("a", R"(,"since":{"last":1000})");
    }
    uint64_t before = 0;
    size_t turns = 0;
    while (sent() < kClients * kCount) {
        bool more = true;
        while (more) { // as long as their connections take all
            more = false;
            for (TestClient* client : clients) {
                more |= !client->take_frames().empty();
                if (client->session().wants_more()) {
                    cluster.first.broker.resume(client->session());
                }
            }
        }
        assert_true((sent() - before) * text.size() <=
                    kTurnCatchUpBytes + (kClients + 1) * text.size());
        before = sent();
        for (TestClient* client : clients) {
            assert_true(turns < 3 || client->sent() > 0);
        }
        assert_true(++turns < 1000);
        cluster.first.broker.run();
    }
    for (TestClient* client : clients) {
        client->take();
        assert_int_equal(client->sent(), kCount);
    }
}

// A topic of which more waits in the inbox than a turn delivers: others get it
// in several, and who comes now goes on exactly where they are.
void test_much_is_unread(void** state)
{
    constexpr int kCount = 60;
    const std::string text(64UL * 1024, 'x');
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.limits.queue_bytes = 2 * kCount * text.size();
    TestClient& other = cluster.connect(options);
    other.sub("a");
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < kCount; i++) {
            cluster.zone.put("a", text, keeping(2));
        }
        TestClient& client = cluster.connect();
        const char* since = round == 0   ? R"(,"since":"new")"
                            : round == 1 ? ""
                            : round == 2 ? R"(,"since":{"last":2})"
                            : round == 3 ? R"(,"since":{"last":0})"
                                         : R"(,"since":{"last":9})";
        client.sub("a", since);
        assert_true(other.session().outbox().bytes() <=
                    kTurnInboxBytes + 2 * text.size());
        assert_true(client.session().outbox().empty());
        cluster.run();
        const std::string got = other.take();
        for (int i = 1; i <= kCount; i++) {
            assert_true(got.find("\"seq\":" + std::to_string(i) + ',') !=
                        std::string::npos);
        }
        constexpr int kKept[] = {0, 1, 2, 0, 3};
        std::string expected;
        for (int i = kKept[round]; i > 0; i--) {
            expected += msg("a", kCount - i + 1, text) + '\n';
        }
        cluster.zone.put("a", "end", keeping(2));
        cluster.run();
        assert_text(client.take(), expected + msg("a", kCount + 1, "end"));
        other.take();
        assert_true(*cluster.zone.remove("a"));
        cluster.run();
        client.take();
        other.take();
        cluster.disconnect(client);
    }
}

// The same where many sessions get it: the turn ends with those reached.
void test_much_is_unread_by_many(void** state)
{
    constexpr size_t kClients = 400;
    constexpr int kCount = 200;
    Cluster& cluster = state_of<Cluster>(state);
    std::vector<TestClient*> clients;
    for (size_t i = 0; i < kClients; i++) {
        clients.push_back(&cluster.connect());
        clients.back()->sub("a");
    }
    ClientOptions tiny; // so that little is delivered together
    tiny.limits.queue_bytes = 4096;
    TestClient& small = cluster.connect(tiny);
    small.sub("a");
    small.transport().room = SIZE_MAX;
    cluster.run();
    const std::string text(1100, 'x'); // each delivered alone
    for (int i = 0; i < kCount; i++) {
        cluster.zone.put("a", text, keeping(kCount));
    }
    const auto sent = [&] {
        uint64_t messages = 0;
        for (TestClient* client : clients) {
            messages += client->sent();
        }
        return messages;
    };
    TestClient& late = cluster.connect();
    late.sub("a", R"(,"since":{"last":1})");
    assert_true(sent() <= kReachedPerTurn + 2 * kClients);
    assert_int_equal(late.sent(), 0);
    cluster.run();
    assert_int_equal(sent(), kClients * kCount);
    assert_text(late.take(), msg("a", kCount, text));
}

// It may be removed and made anew before the turn of who waits.
void test_much_is_unread_of_a_topic_that_goes(void** state)
{
    constexpr int kCount = 60;
    const std::string text(64UL * 1024, 'x');
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.limits.queue_bytes = 2 * kCount * text.size();
    TestClient& other = cluster.connect(options);
    other.sub("*");
    for (const bool anew : {false, true}) {
        for (int i = 0; i < kCount; i++) {
            cluster.zone.put("a", text);
        }
        TestClient& client = cluster.connect();
        client.sub("a");
        assert_true(*cluster.zone.remove("a"));
        if (anew) {
            cluster.zone.put("a", "anew");
        }
        cluster.run();
        const std::string got = client.take();
        assert_false(client.closed());
        assert_int_equal(got.find(msg("a", 1, "anew")) != std::string::npos,
                         anew);
        cluster.zone.put("a", "end");
        cluster.run();
        assert_true(client.take().ends_with(msg("a", anew ? 2 : 1, "end")));
        other.take();
        assert_true(*cluster.zone.remove("a"));
        cluster.run();
        other.take();
        cluster.disconnect(client);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_value, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_only_changes, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_last, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_resume, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_lost, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_positions_of_many_topics,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_position_of_a_removed_topic,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_position_of_a_topic_just_removed,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_positions_of_many_removed_topics,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_overlapping_subscriptions,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_paced_by_the_queue, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_long_history, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_message_before_its_turn,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_live_before_its_turn, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_more_topics_than_a_reply_names,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_leaves_while_catching_up,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_long_histories_in_turns,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_much_is_unread, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_much_is_unread_by_many,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(
            test_much_is_unread_of_a_topic_that_goes, make_cluster,
            end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
