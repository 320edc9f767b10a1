// Topics that go on under another epoch, as their subscribers see it.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// The first fork of a test has the epoch kJump + the number of topics that were
// there before.
constexpr uint64_t kJump = 1000;

std::string forked(std::string_view topic, int epoch, int seq, int was)
{
    std::string text = notice(topic, epoch, seq);
    text.pop_back();
    return text + R"(,"was":")" + std::to_string(was) + "\"}";
}

std::string reply(std::string_view topic, int epoch, int seq, int was = -1)
{
    const std::string row =
        R"(,"epoch":")" + std::to_string(epoch) + R"(","seq":)" +
        std::to_string(seq) +
        (was < 0 ? "" : R"(,"was":")" + std::to_string(was) + '"');
    return R"({"id":1,"ok":{"topics":[{"topic":")" + std::string(topic) + '"' +
           row + R"(}],"recovered":true}})";
}

void begin_term(Cluster& cluster)
{
    cluster.zone.store->topics.begin_term(kJump);
}

void test_live(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    TestClient& one = cluster.connect();
    TestClient& other = cluster.connect(cluster.second);
    one.sub("a/1");
    other.sub("a/*");
    cluster.run();
    (void)one.take();
    (void)other.take();
    begin_term(cluster);
    cluster.run();
    assert_text(one.take(), "");
    fill(cluster, "a/1", 2, 9);
    cluster.run();
    const std::string expected =
        forked("a/1", kJump + 1, 2, 0) + '\n' + msgs("a/1", 3, 4);
    assert_text(one.take(), expected);
    assert_text(other.take(), expected);
}

// What is unread is of both epochs, and more than one lock's worth.
void test_between_unread_messages(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    client.sub("a/1");
    fill(cluster, "a/1", 2, 9);
    begin_term(cluster);
    fill(cluster, "a/1", 1, 9);
    begin_term(cluster);
    fill(cluster, "a/1", 1, 9);
    cluster.run();
    assert_text(client.take(), notice("a/1", 0, 0) + '\n' + msgs("a/1", 1, 2) +
                                   '\n' + forked("a/1", kJump + 1, 2, 0) +
                                   '\n' + msg("a/1", 3) + '\n' +
                                   forked("a/1", 2 * kJump + 2, 3, kJump + 1) +
                                   '\n' + msg("a/1", 4));
}

// It stays a topic that was there, and what it lost is told.
void test_messages_were_evicted(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 1);
    TestClient& client = cluster.connect();
    client.sub("a/1");
    cluster.run();
    (void)client.take();
    begin_term(cluster);
    fill(cluster, "a/1", 2, 1);
    cluster.zone.put("a/1", "x", keeping_nothing());
    {
        Transaction tx(cluster.zone.memory, *cluster.zone.header);
        TopicLog log(*cluster.zone.header, tx);
        size_t freed = 0;
        while (log.evict_oldest(freed)) {
        }
    }
    cluster.run();
    assert_text(client.take(),
                forked("a/1", kJump + 1, 2, 0) + '\n' + gap("a/1", 3, 5));
}

void test_resume(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Position old = fill(cluster, "a/1", 3, 9);
    begin_term(cluster);
    fill(cluster, "a/1", 1, 9);
    TestClient& client = cluster.connect();
    client.say(R"({"id":1,"op":"sub","topic":"a/1","since":)" +
               since({old.epoch, 2}) + '}');
    cluster.run();
    assert_text(client.take(),
                reply("a/1", kJump + 1, 4, 0) + '\n' + msgs("a/1", 3, 4));
    TestClient& all = cluster.connect();
    all.say(R"({"id":1,"op":"sub","topic":"a/*","positions":{"a/1":)" +
            since({old.epoch, 3}) + "}}");
    cluster.run();
    assert_text(all.take(),
                reply("a/1", kJump + 1, 4, 0) + '\n' + msg("a/1", 4));
    // Whoever knows nothing of the past is not told of it.
    TestClient& other = cluster.connect();
    other.say(R"({"id":1,"op":"sub","topic":"a/1"})");
    cluster.run();
    assert_text(other.take(),
                reply("a/1", kJump + 1, 4) + '\n' + msg("a/1", 4));
}

void test_resume_from_a_lost_message(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Position old = fill(cluster, "a/1", 3, 9);
    begin_term(cluster);
    fill(cluster, "a/1", 2, 9);
    TestClient& client = cluster.connect();
    client.say(R"({"id":1,"op":"sub","topic":"a/1","since":)" +
               since({old.epoch, 4}) + '}');
    cluster.run();
    const std::string said = client.take();
    assert_true(said.find(R"("recovered":false)") != std::string::npos);
    assert_true(said.find("was") == std::string::npos);
    assert_true(said.ends_with(msgs("a/1", 1, 5)));
}

// One that would get its latest message later has to know of the epoch before.
void test_conflated(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 1, 9);
    TestClient& client = cluster.connect();
    client.sub("a/1", R"(,"rate":1)");
    cluster.run();
    (void)client.take();
    fill(cluster, "a/1", 2, 9); // skipped, for its rate
    cluster.run();
    assert_text(client.take(), "");
    begin_term(cluster);
    fill(cluster, "a/1", 1, 9);
    cluster.run();
    const std::string said = client.take();
    assert_true(said.find(forked("a/1", kJump + 1, 3, 0)) != std::string::npos);
    assert_true(said.ends_with(msg("a/1", 4)));
}

// Deltas begin anew with a whole message.
void test_deltas(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    Policy policy = keeping(9);
    policy.delta = true;
    cluster.policies.add(*Selector::parse("**"), policy);
    const std::string text(100, 'x');
    cluster.zone.put("a/1", text + '1', policy);
    TestClient& client = cluster.connect();
    client.sub("a/1", R"(,"delta":true)");
    cluster.run();
    (void)client.take();
    begin_term(cluster);
    cluster.zone.put("a/1", text + '2', policy);
    cluster.run();
    assert_text(client.take(), forked("a/1", kJump + 1, 1, 0) + '\n' +
                                   msg("a/1", 2, text + '2'));
    cluster.zone.put("a/1", text + '3', policy);
    cluster.run();
    assert_true(client.take().starts_with(R"({"op":"delta")"));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_live, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_between_unread_messages,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_messages_were_evicted,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_resume, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_resume_from_a_lost_message,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_conflated, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_deltas, make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
