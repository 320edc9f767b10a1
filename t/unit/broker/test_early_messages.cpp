// Messages of topics whose turn in a subscription's catching up has not come:
// they may bring forward what the subscription starts with there, but neither
// more than its queue holds nor out of order.
#include <string>

#include "support/asserts.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kQueueBytes = 16UL * 1024;
constexpr int kTopics = 8;
constexpr int kHistory = 60;

std::string topic_name(int number)
{
    return "t/" + std::to_string(number);
}

// Topics whose history is many times the queue.
void fill_all(Cluster& cluster)
{
    for (int topic = 0; topic < kTopics; topic++) {
        for (int i = 1; i <= kHistory; i++) {
            cluster.zone.put(topic_name(topic), std::string(500, 'x'),
                             {true, kHistory});
        }
    }
    cluster.run();
}

TestClient& connect_small(Cluster& cluster)
{
    ClientOptions options;
    options.limits.queue_bytes = kQueueBytes;
    return cluster.connect(options);
}

int count(std::string_view text, std::string_view what)
{
    int found = 0;
    for (size_t at = text.find(what); at != std::string_view::npos;
         at = text.find(what, at + 1)) {
        found++;
    }
    return found;
}

// All messages of the topic, by the seqs in their order.
std::string seqs_of(std::string_view text, const std::string& topic)
{
    const std::string start =
        R"({"op":"msg","topic":")" + topic + R"(","seq":)";
    std::string seqs;
    for (size_t at = text.find(start); at != std::string_view::npos;
         at = text.find(start, at + 1)) {
        const size_t from = at + start.size();
        seqs += text.substr(from, text.find(',', from) - from);
        seqs += ' ';
    }
    return seqs;
}

void test_history_is_paced(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill_all(cluster);
    TestClient& client = connect_small(cluster);
    client.sub("t/*", R"(,"since":{"last":100})");
    assert_true(client.session().seat().is_catching_up());
    for (int topic = kTopics - 1; topic > 0; topic--) {
        cluster.zone.put(topic_name(topic), "new", {true, kHistory});
        cluster.run();
        assert_false(client.closed());
        assert_true(client.session().outbox().bytes() < kQueueBytes);
    }
    const std::string text = client.take();
    assert_int_equal(count(text, R"("op":"gap")"), 0);
    std::string expected;
    for (int i = 1; i <= kHistory; i++) {
        expected += std::to_string(i) + ' ';
    }
    assert_text(seqs_of(text, topic_name(0)), expected);
    expected += std::to_string(kHistory + 1) + ' ';
    for (int topic = 1; topic < kTopics; topic++) {
        assert_text(seqs_of(text, topic_name(topic)), expected);
    }
}

// What fits goes out at once, so that nothing of it is lost to later messages.
void test_what_fits_comes_early(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill_all(cluster);
    cluster.zone.put("t/z", "1", {true, 1});
    cluster.zone.put("t/z", "2", {true, 1});
    cluster.run();
    TestClient& client = connect_small(cluster);
    client.sub("t/*", R"(,"since":{"last":100})");
    client.take_queued();
    for (int i = 3; i <= 6; i++) {
        cluster.zone.put("t/z", std::to_string(i), {true, 1});
        cluster.run();
    }
    assert_text(seqs_of(client.take(), "t/z"), "2 3 4 5 6 ");
}

// A session without room gets nothing early: not even where nothing but the
// new message was missing, which is looked up when there is room.
void test_not_without_room(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill_all(cluster);
    const Position at = cluster.zone.put("t/z", "1", {true, 5}).at;
    cluster.run();
    TestClient& client = connect_small(cluster);
    client.sub("t/*", R"(,"since":{"last":100},"positions":{"t/z":)" +
                          since(at) + '}');
    assert_false(client.session().has_room());
    const size_t queued = client.session().outbox().bytes();
    for (const char* text : {"2", "3"}) {
        cluster.zone.put("t/z", text, {true, 5});
        cluster.run();
        assert_int_equal(client.session().outbox().bytes(), queued);
    }
    assert_text(seqs_of(client.take(), "t/z"), "2 3 ");
}

// What is read of the zone early counts as delivered: a turn ends, however
// many sessions begin early in however many topics.
void test_a_turn_ends(void** state)
{
    constexpr size_t kClients = 40;
    Cluster& cluster = state_of<Cluster>(state);
    fill_all(cluster);
    std::vector<TestClient*> clients;
    for (size_t i = 0; i < kClients; i++) {
        clients.push_back(&cluster.connect());
        clients.back()->sub("t/*", R"(,"since":{"last":100})");
    }
    const auto queued = [&] {
        size_t bytes = 0;
        for (TestClient* client : clients) {
            bytes += client->session().outbox().bytes();
        }
        return bytes;
    };
    assert_true(clients.back()->session().seat().is_catching_up());
    const size_t before = queued();
    for (int topic = kTopics - 1; topic >= 0; topic--) {
        cluster.zone.put(topic_name(topic), "new", {true, kHistory});
    }
    assert_true(cluster.first.broker.read_inbox());
    // One delivery is not cut.
    constexpr size_t kOfOneTopic = (kHistory + 1) * 600UL;
    assert_true(queued() - before <= kTurnInboxBytes + kClients * kOfOneTopic);
    cluster.run();
    for (TestClient* client : clients) {
        assert_false(client->closed());
        client->take();
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_history_is_paced, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_what_fits_comes_early,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_not_without_room, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_a_turn_ends, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
