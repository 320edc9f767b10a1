// Each subscriber gets each message once and in order, from whichever worker
// it came, or is told of the gap.
#include <string>

#include "base/position_text.hpp"
#include "support/asserts.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Only changes are wanted.
void follow(TestClient& client, std::string_view selector)
{
    client.sub(selector, R"(,"since":"new")");
    assert_text(client.take(), "");
}

void test_to_all_workers_in_order(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& near = cluster.connect();
    TestClient& far = cluster.connect(cluster.second);
    for (TestClient* client : {&near, &far}) {
        follow(*client, "a");
    }
    std::string expected = notice("a", 0, 0);
    for (int i = 1; i <= 20; i++) {
        Store& store = i % 3 == 0 ? cluster.second.store : cluster.first.store;
        assert_true(bool(
            store.topics.publish(Zone::publication("a", std::to_string(i)))));
        expected += '\n' + msg("a", i, std::to_string(i));
        if (i % 7 == 0) {
            cluster.first.run();
        }
    }
    cluster.run();
    assert_text(near.take(), expected);
    assert_text(far.take(), expected);
    assert_int_equal(cluster.zone.store->status().deliveries.delivered, 40);
}

void test_once_though_several_selectors_match(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    for (const char* selector : {"a/b", "a/*", "**", "*/b"}) {
        client.sub(selector, R"(,"since":"new")");
    }
    assert_int_equal(cluster.zone.put("a/b", "x").subscribers, 1);
    cluster.run();
    assert_text(client.take(), notice("a/b", 0, 0) + '\n' + msg("a/b", 1, "x"));

    // And as long as one of them is left.
    for (const char* selector : {"a/*", "a/b", "**"}) {
        client.say(R"({"op":"unsub","topic":")" + std::string(selector) +
                   "\"}");
        cluster.run();
        assert_int_equal(cluster.zone.put("a/b", "y").subscribers, 1);
    }
    cluster.run();
    assert_text(client.take(), msg("a/b", 2, "y") + '\n' + msg("a/b", 3, "y") +
                                   '\n' + msg("a/b", 4, "y"));
    client.say(R"({"op":"unsub","topic":"*/b"})");
    cluster.run();
    assert_int_equal(cluster.zone.put("a/b", "z").subscribers, 0);
    cluster.run();
    assert_text(client.take(), "");
}

void test_only_what_matches(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    TestClient& other = cluster.connect();
    follow(client, "a/*");
    follow(other, "b/*");
    cluster.zone.put("a/1", "x");
    cluster.zone.put("b/1", "y");
    cluster.zone.put("a/1/2", "z");
    cluster.run();
    assert_text(client.take(), notice("a/1", 0, 0) + '\n' + msg("a/1", 1, "x"));
    assert_text(other.take(), notice("b/1", 1, 0) + '\n' + msg("b/1", 1, "y"));
}

// A frame is encoded once for all that get it.
void test_frames_are_shared(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& one = cluster.connect();
    TestClient& other = cluster.connect();
    follow(one, "a");
    follow(other, "a");
    cluster.zone.put("a", "x");
    cluster.run();
    Outbox& boxes = one.session().outbox();
    assert_int_equal(boxes.frames(), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(&boxes[i], &other.session().outbox()[i]);
    }
}

void test_every_encoding(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    std::vector<TestClient*> clients;
    for (const bool deflated : {false, true}) {
        ClientOptions options;
        options.deflated = deflated;
        clients.push_back(&cluster.connect(options));
        follow(*clients.back(), "plain");
        options.protocol = &kPlainProtocol;
        clients.push_back(&cluster.connect(options));
    }
    const std::string text(300, 'x');
    cluster.zone.put("plain", text);
    cluster.run();
    for (TestClient* client : clients) {
        const Encoding encoding = client->session().encoding();
        const auto frames = client->take_frames();
        assert_int_equal(frames.back().compressed, encoding.deflated);
        assert_text(frames.back().payload, encoding.dialect == kPlainDialect
                                               ? text
                                               : msg("plain", 1, text));
    }
}

void test_gap(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    follow(client, "a");
    const std::string text(500, 'x');
    cluster.zone.put("a", text, keeping_nothing());
    cluster.run();
    assert_text(client.take(), notice("a", 0, 0) + '\n' + msg("a", 1, text));
    for (int i = 2; i <= 9; i++) {
        cluster.zone.put("a", text, keeping_nothing());
    }
    cluster.zone.leave_room(0);
    cluster.zone.put("a", text, keeping_nothing());
    cluster.run();
    std::string expected = gap("a", 2, 5);
    for (int i = 6; i <= 10; i++) {
        expected += '\n' + msg("a", i, text);
    }
    assert_text(client.take(), expected);
}

// All that a topic had was evicted before it was read.
void test_gap_at_the_end(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    follow(client, "a");
    cluster.zone.put("a", "x", keeping_nothing());
    cluster.run();
    client.take();
    cluster.zone.put("a", std::string(500, 'x'), keeping_nothing());
    cluster.zone.put("a", std::string(500, 'x'), keeping_nothing());
    cluster.zone.leave_room(100);
    cluster.zone.put("b", std::string(500, 'x'));
    cluster.run();
    assert_text(client.take(), gap("a", 2, 3));
    cluster.zone.memory.set_budget(SIZE_MAX);
    cluster.zone.put("a", "y", keeping_nothing());
    cluster.run();
    assert_text(client.take(), msg("a", 4, "y"));
}

// The same with a topic that has just come to be: it is there all the same.
void test_gap_at_the_start(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    follow(client, "a/*");
    cluster.zone.put("a/1", std::string(500, 'x'), keeping_nothing());
    cluster.zone.leave_room(160);
    cluster.zone.put("b", std::string(500, 'x'));
    cluster.run();
    assert_text(client.take(), notice("a/1", 0, 0) + '\n' + gap("a/1", 1, 1));
    cluster.zone.memory.set_budget(SIZE_MAX);
    cluster.zone.put("a/1", "y", keeping_nothing());
    cluster.run();
    assert_text(client.take(), msg("a/1", 2, "y"));
}

// And with the mark that says that it is gone.
void test_evicted_mark(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    follow(client, "a");
    cluster.zone.put("a", "x");
    cluster.zone.put("b", "x");
    cluster.run();
    client.take();
    assert_true(*cluster.zone.remove("a"));
    cluster.zone.leave_room(40);
    cluster.zone.put("b", "x");
    cluster.run();
    assert_text(client.take(), gone("a"));
}

void test_gone(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& by_name = cluster.connect();
    TestClient& by_selector = cluster.connect(cluster.second);
    follow(by_name, "a/1");
    follow(by_selector, "a/*");
    cluster.zone.put("a/1", "x");
    assert_true(*cluster.zone.remove("a/1"));
    cluster.zone.put("a/1", "y");
    assert_true(*cluster.zone.remove("a/1"));
    cluster.run();
    const std::string expected = notice("a/1", 0, 0) + '\n' +
                                 msg("a/1", 1, "x") + '\n' + gone("a/1") +
                                 '\n' + notice("a/1", 1, 0) + '\n' +
                                 msg("a/1", 1, "y") + '\n' + gone("a/1");
    assert_text(by_name.take(), expected);
    assert_text(by_selector.take(), expected);

    // Both still wait for it.
    assert_int_equal(cluster.zone.put("a/1", "z").subscribers, 2);
    cluster.run();
    assert_text(by_name.take(),
                notice("a/1", 2, 0) + '\n' + msg("a/1", 1, "z"));
    assert_text(by_selector.take(),
                notice("a/1", 2, 0) + '\n' + msg("a/1", 1, "z"));
}

// A worker keeps nothing of topics that are gone and that no one names.
void test_gone_topics_cost_nothing(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    follow(client, "**");
    const size_t blocks = cluster.zone.memory.live_blocks();
    for (int i = 0; i < 100; i++) {
        const std::string topic = "a/" + std::to_string(i);
        cluster.zone.put(topic, "x");
        cluster.run();
        assert_true(*cluster.zone.remove(topic));
        cluster.run();
    }
    client.take();
    assert_int_equal(cluster.zone.memory.live_blocks(), blocks);
}

// A topic that is made anew right after a worker has told that it is gone: the
// worker must not let go of it.
void test_anew_before_the_worker_lets_go(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    follow(client, "a/*");
    for (int epoch = 0; epoch < 4; epoch++) {
        cluster.zone.put("a/1", "x");
        if (epoch % 2 == 0) {
            cluster.first.broker.read_inbox();
        }
        cluster.run();
        cluster.zone.put("a/1", "y");
        cluster.run();
        assert_text(client.take(), notice("a/1", epoch, 0) + '\n' +
                                       msg("a/1", 1, "x") + '\n' +
                                       msg("a/1", 2, "y"));
        assert_true(*cluster.zone.remove("a/1"));
        cluster.first.broker.read_inbox();
        assert_text(client.take(), gone("a/1"));
    }
}

// Nothing is lost between an unsubscription and a new subscription that
// resumes.
void test_resubscribe(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    follow(client, "a");
    for (int i = 1; i <= 5; i++) {
        cluster.zone.put("a", std::to_string(i), keeping(10));
    }
    client.say(R"({"op":"unsub","topic":"a"})");
    assert_true(client.take().ends_with(msg("a", 5, "5")));
    cluster.zone.put("a", "6", keeping(10));
    client.sub("a",
               R"(,"since":{"epoch":")" +
                   epoch_text(cluster.zone.store->topics.newest("a").epoch) +
                   R"(","seq":5})");
    cluster.zone.put("a", "7", keeping(10));
    cluster.run();
    assert_text(client.take(), msg("a", 6, "6") + '\n' + msg("a", 7, "7"));
}

// Many come to a topic that many watch: who is told in one turn is limited, and
// all are told of all, in order.
void test_many_come(void** state)
{
    constexpr size_t kClients = 300;
    constexpr int kPeople = 300;
    Cluster& cluster = state_of<Cluster>(state);
    for (size_t i = 0; i < kClients; i++) {
        follow(cluster.connect(), "room");
    }
    Store& store = *cluster.zone.store;
    const WorkerId elsewhere = cluster.zone.attach();
    Interest& room = *store.interests.add(elsewhere, "room", 1).interest;
    const auto name = [](int i) {
        return "n" + std::to_string(1000 + i);
    };
    const auto told = [&] {
        size_t frames = 0;
        for (const auto& client : cluster.clients) {
            frames += client->session().outbox().frames();
        }
        return frames;
    };
    for (int i = 0; i < kPeople; i++) {
        assert_true(store.presence.join(room, name(i)));
    }
    assert_true(cluster.first.broker.read_inbox());
    assert_true(told() <= kReachedPerTurn + kClients);
    cluster.run();
    for (const auto& client : cluster.clients) {
        const std::vector<ServerFrame> frames = client->take_frames();
        assert_int_equal(frames.size(), kPeople);
        for (int i = 0; i < kPeople; i++) {
            assert_true(frames[i].payload.find(name(i)) != std::string::npos);
        }
    }
    // All are gone before they could be told.
    for (int i = 0; i < kPeople; i++) {
        store.presence.leave(room, name(i));
    }
    store.interests.drop(room);
    cluster.first.broker.read_inbox();
    cluster.clients.clear();
    cluster.run();
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_to_all_workers_in_order,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(
            test_once_though_several_selectors_match, make_cluster,
            end_cluster),
        cmocka_unit_test_setup_teardown(test_only_what_matches, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_frames_are_shared, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_every_encoding, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_gap, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_gap_at_the_end, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_gap_at_the_start, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_evicted_mark, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_gone, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_gone_topics_cost_nothing,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_anew_before_the_worker_lets_go,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_resubscribe, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_many_come, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
