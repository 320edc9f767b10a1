// Topics that go, and come again, while sessions are catching up with them; and
// subscriptions of a session that overlap.
#include <array>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/words.hpp"
#include "topics/shares.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// The topic goes while its history is being sent.
void test_removed_while_catching_up(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 200, 500);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("a", R"(,"since":{"last":150})");
    client.take_queued();
    assert_true(*cluster.zone.remove("a"));
    fill(cluster, "a", 2, 500);
    cluster.run();
    const std::string text = client.take();
    assert_true(text.ends_with("{\"op\":\"topic\",\"topic\":\"a\",\"epoch\":"
                               "\"1\",\"seq\":0}\n" +
                               msgs("a", 1, 2)));
}

// Who was told of a topic is told that it is gone: when a part of its history
// has been sent …
void test_gone_in_the_middle_of_history(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 200, 500);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("a", R"(,"since":{"last":150})");
    client.take_queued();
    assert_true(*cluster.zone.remove("a"));
    cluster.run();
    assert_text(client.take(),
                R"({"op":"gone","topic":"a","reason":"deleted"})");
}

// … and when the reply has named it.
void test_gone_before_its_turn(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 200, 500);
    fill(cluster, "b", 1, 1);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("*", R"(,"since":{"last":150})");
    client.take_queued();
    assert_true(*cluster.zone.remove("b"));
    cluster.run();
    assert_text(client.take_queued(),
                R"({"op":"gone","topic":"b","reason":"deleted"})");
}

// Topics that go while those before them are being sent, and that the reply has
// not named, leave nothing in the zone.
void test_gone_before_they_are_local(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    std::vector<std::string> topics;
    for (size_t i = 0; i < kMaxListedTopics + 100; i++) {
        topics.push_back("a/" + std::to_string(10'000 + i));
        cluster.zone.put(topics.back(), std::string(300, 'x'));
    }
    ClientOptions options;
    options.limits.queue_bytes = 8192;
    TestClient& client = cluster.connect(options);
    client.sub("a/**");
    const ShareBook& shares = cluster.zone.header->shares;
    constexpr size_t kSome = kMaxListedTopics + 30;
    const size_t bytes = Shares::bytes_of(sizeof(Interest));
    while (shares.reading < kSome * bytes) {
        assert_true(client.session().seat().is_catching_up());
        client.take_queued();
        cluster.first.broker.resume(client.session());
        cluster.first.run();
    }
    const uint64_t held = shares.held;
    for (size_t i = shares.reading / bytes; i < topics.size(); i++) {
        assert_true(*cluster.zone.remove(topics[i]));
    }
    client.take();
    cluster.run();
    assert_int_equal(shares.held, held);
    assert_false(client.closed());
}

// A topic that was made anew, of which this worker has not heard yet.
void test_new_epoch_in_the_inbox(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& other = cluster.connect();
    other.sub("a");
    fill(cluster, "a", 1, 5);
    cluster.run();
    for (const char* from : {"", R"(,"since":"new")", R"(,"since":{"last":5})",
                             R"(,"since":{"last":1})"}) {
        assert_true(*cluster.zone.remove("a"));
        fill(cluster, "a", 2, 5);
        other.take();
        TestClient& client = cluster.connect();
        client.sub("a", from);
        cluster.run();
        // Once each, and all that came after the position in the reply.
        const std::string expected =
            R"({"op":"gone","topic":"a","reason":"deleted"})"
            "\n"
            R"({"op":"topic","topic":"a","epoch":"0","seq":0})"
            "\n" +
            msgs("a", 1, 2);
        for (TestClient* one : {&client, &other}) {
            std::string text = one->take();
            const size_t epoch = text.find(R"("epoch":")") + 9;
            text.replace(epoch, text.find('"', epoch) - epoch, "0");
            assert_text(text, expected);
        }
    }
}

// A topic that is gone, of which this worker has told neither that nor what was
// last published.
void test_gone_in_the_inbox(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.connect().sub("a/1");
    fill(cluster, "a/1", 1, 5);
    cluster.run();
    fill(cluster, "a/1", 1, 5);
    fill(cluster, "a/2", 1, 5);
    assert_true(*cluster.zone.remove("a/1"));
    TestClient& client = cluster.connect();
    client.say(R"({"id":1,"op":"sub","topic":"a/*"})");
    cluster.run();
    assert_text(client.take(),
                R"({"id":1,"ok":{"topics":[)"
                R"({"topic":"a/1","epoch":"0","seq":1},)"
                R"({"topic":"a/2","epoch":"1","seq":1}],"recovered":true}})"
                "\n" +
                    msg("a/2", 1) + '\n' + msg("a/1", 2) +
                    "\n"
                    R"({"op":"gone","topic":"a/1","reason":"deleted"})");
}

// A message comes while one subscription is in the middle of the topic's
// history, and another has not begun.
void test_overlap_in_the_middle_of_history(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a", 100, 500);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("a", R"(,"since":{"last":100})");
    client.sub("*", R"(,"since":{"last":100})");
    fill(cluster, "a", 2, 500);
    cluster.run();
    assert_text(client.take(), msgs("a", 1, 102));
    fill(cluster, "a", 1, 500);
    cluster.run();
    assert_text(client.take(), msg("a", 103));
}

// The topic is made anew while one subscription is in the middle of its
// history, and another has not begun.
void test_overlap_in_a_new_epoch(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    int epoch = 0;
    for (const auto& order :
         {std::array{"a", "*", "**"}, std::array{"*", "a", "**"},
          std::array{"**", "*", "a"}}) {
        fill(cluster, "a", 100, 500);
        ClientOptions options;
        options.limits.queue_bytes = 4096;
        TestClient& client = cluster.connect(options);
        for (const char* selector : order) {
            client.sub(selector, R"(,"since":{"last":100})");
        }
        client.take_queued();
        assert_true(*cluster.zone.remove("a"));
        fill(cluster, "a", 3, 500);
        assert_text(client.take(), gone("a") + '\n' + notice("a", ++epoch, 0) +
                                       '\n' + msgs("a", 1, 3));
        assert_true(*cluster.zone.remove("a"));
        epoch++;
        cluster.run();
        assert_text(client.take(), gone("a"));
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_removed_while_catching_up,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_gone_in_the_middle_of_history,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_gone_before_its_turn, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_gone_before_they_are_local,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_new_epoch_in_the_inbox,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_gone_in_the_inbox, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_overlap_in_the_middle_of_history,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_overlap_in_a_new_epoch,
                                        make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
