// Topics that go and come back, seen by subscribers of selectors: whenever a
// worker gets to look at it, nothing of the topic's new life is lost.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr const char* kGone =
    R"({"op":"gone","topic":"a/1","reason":"deleted"})";

std::string new_life(int epoch, std::string_view text)
{
    return R"({"op":"topic","topic":"a/1","epoch":")" + std::to_string(epoch) +
           "\",\"seq\":0}\n" + R"({"op":"msg","topic":"a/1","seq":1,"text":")" +
           std::string(text) + "\"}";
}

// A subscriber that has seen the topic go, in a worker that has not yet come
// to let go of it.
TestClient& witness(Cluster& cluster)
{
    TestClient& client = cluster.connect();
    client.sub("a/*");
    cluster.zone.put("a/1", "x");
    cluster.run();
    assert_text(client.take(), new_life(0, "x"));
    assert_true(bool(cluster.zone.remove("a/1")));
    cluster.first.broker.read_inbox();
    assert_text(client.take(), kGone);
    return client;
}

void test_back_before_it_is_let_go(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = witness(cluster);
    assert_int_equal(cluster.zone.put("a/1", "y").subscribers, 1);
    cluster.first.broker.run();
    cluster.run();
    assert_text(client.take(), new_life(1, "y"));
}

void test_back_and_read_before_it_is_let_go(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = witness(cluster);
    cluster.zone.put("a/1", "y");
    cluster.first.broker.read_inbox();
    cluster.run();
    assert_text(client.take(), new_life(1, "y"));
    assert_int_equal(cluster.zone.put("a/1", "z").subscribers, 1);
}

void test_back_and_gone_again(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = witness(cluster);
    cluster.zone.put("a/1", "y");
    assert_true(bool(cluster.zone.remove("a/1")));
    cluster.first.broker.run();
    cluster.run();
    assert_text(client.take(), new_life(1, "y") + '\n' + kGone);
}

void test_back_after_it_was_let_go(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = witness(cluster);
    cluster.run();
    assert_int_equal(cluster.zone.put("a/1", "y").subscribers, 1);
    cluster.run();
    assert_text(client.take(), new_life(1, "y"));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_back_before_it_is_let_go,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_back_and_read_before_it_is_let_go,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_back_and_gone_again, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_back_after_it_was_let_go,
                                        make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
