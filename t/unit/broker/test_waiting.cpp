// What a session will get later, because it is slow or wants less: by then it
// may be too old.
#include <string>

#include "support/asserts.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kTtlMs = 1000;

// The cluster's policies of "old/*", and everybody's time.
Policy short_lived(Cluster& cluster)
{
    Policy policy;
    policy.conflate = Conflate::always;
    policy.ttl_ms = kTtlMs;
    cluster.policies.add(*Selector::parse("old/*"), policy);
    return policy;
}

void pass(Cluster& cluster, int64_t ms)
{
    cluster.zone.clock.now += ms;
    cluster.first.clock.now = cluster.second.clock.now = cluster.zone.clock.now;
}

void publish(Cluster& cluster, std::string_view text, const Policy& policy)
{
    Publication publication = Zone::publication("old/1", text, policy);
    publication.now_ms = cluster.zone.clock.now;
    assert_true(bool(cluster.zone.store->publish(publication)));
    cluster.run();
}

void read_again(Cluster& cluster, TestClient& client)
{
    client.session().set_stalled(false);
    cluster.first.broker.resume(client.session());
}

void test_conflated(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Policy policy = short_lived(cluster);
    publish(cluster, "1", policy);
    TestClient& client = cluster.connect();
    client.sub("old/1");
    assert_text(client.take(), msg("old/1", 1));
    client.session().set_stalled(true);
    publish(cluster, "2", policy);
    publish(cluster, "3", policy);
    pass(cluster, kTtlMs - 1);
    read_again(cluster, client);
    assert_text(client.take_queued(),
                R"({"op":"gap","topic":"old/1","from":2,"to":2,)"
                R"("cause":"conflated"})"
                "\n" +
                    msg("old/1", 3));

    client.session().set_stalled(true);
    publish(cluster, "4", policy);
    publish(cluster, "5", policy);
    pass(cluster, kTtlMs);
    read_again(cluster, client);
    assert_text(client.take_queued(), gap("old/1", 4, 5));
    publish(cluster, "6", policy);
    assert_text(client.take_queued(), msg("old/1", 6));
}

void test_paced(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Policy policy = short_lived(cluster);
    TestClient& client = cluster.connect();
    client.sub("old/1", R"(,"rate":0.5)");
    publish(cluster, "1", policy);
    client.take();
    publish(cluster, "2", policy);
    pass(cluster, 2 * kTtlMs);
    cluster.first.broker.run_due();
    read_again(cluster, client);
    assert_text(client.take_queued(), gap("old/1", 2, 2));
    publish(cluster, "3", policy);
    assert_text(client.take_queued(), msg("old/1", 3));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conflated, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_paced, make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
