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
    // The system's clock is set meanwhile, which is nothing to it.
    cluster.zone.clock.step -= 3600'000;
    cluster.first.clock.step += 3600'000;
    cluster.zone.clock.now += ms;
    cluster.first.clock.now = cluster.second.clock.now = cluster.zone.clock.now;
}

void publish(Cluster& cluster, std::string_view text, const Policy& policy)
{
    Change publication = Zone::publication("old/1", text, policy);
    publication.now_ms = cluster.zone.clock.now;
    assert_true(bool(cluster.zone.store->topics.publish(publication)));
    cluster.run();
}

// Something waits that the client does not read.
void stop_reading(Cluster& cluster, TestClient& client)
{
    client.session().push(FrameRef::make(std::string("\x81\x00", 2), 0));
    client.session().outbox().offered(false, cluster.first.clock);
}

void read_again(Cluster& cluster, TestClient& client)
{
    client.take_frames();
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
    stop_reading(cluster, client);
    publish(cluster, "2", policy);
    publish(cluster, "3", policy);
    pass(cluster, kTtlMs - 1);
    read_again(cluster, client);
    assert_text(client.take_queued(),
                R"({"op":"gap","topic":"old/1","from":2,"to":2,)"
                R"("cause":"conflated"})"
                "\n" +
                    msg("old/1", 3));

    stop_reading(cluster, client);
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

// Of two subscriptions that bring the topic one ends: what waits comes by the
// other one, and as that wants it.
void test_one_of_two_ends(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Policy policy = short_lived(cluster);
    for (const char* more : {"", R"(,"delta":true)"}) {
        TestClient& client = cluster.connect();
        client.sub("old/*", more);
        client.sub("old/**");
        publish(cluster, "x", policy);
        client.take();
        const auto last =
            static_cast<int>(cluster.zone.store->topics.newest("old/1").seq);
        stop_reading(cluster, client);
        publish(cluster, std::to_string(last + 1), policy);
        client.say(R"({"op":"unsub","topic":"old/*"})");
        read_again(cluster, client);
        assert_text(client.take_queued(), msg("old/1", last + 1));
        publish(cluster, std::to_string(last + 2), policy);
        assert_text(client.take_queued(), msg("old/1", last + 2));

        // With the last one it says what does not come.
        stop_reading(cluster, client);
        publish(cluster, "y", policy);
        client.say(R"({"op":"unsub","topic":"old/**"})");
        assert_true(client.take_queued().find(R"("cause":"conflated")") !=
                    std::string::npos);
    }
}

// Two subscriptions, of which the second waits for room in the zone: what the
// first one brings comes all the same as the client reads.
void test_conflated_in_a_full_zone(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Policy policy = short_lived(cluster);
    constexpr int kTopics = 1010;
    publish(cluster, "1", policy);
    for (int i = 0; i < kTopics; i++) {
        cluster.zone.put("a/" + std::to_string(i), std::string(100, 'x'));
    }
    ClientOptions options;
    options.limits.queue_bytes = 64UL * 1024;
    TestClient& client = cluster.connect(options);
    client.sub("old/1");
    client.take();
    client.sub("a/**");
    cluster.zone.leave_room(0);
    client.take();
    assert_true(client.session().seat().is_catching_up());

    cluster.zone.leave_room(4096);
    const auto put = [&](std::string_view text) {
        Change publication = Zone::publication("old/1", text, policy);
        publication.now_ms = cluster.zone.clock.now;
        assert_true(bool(cluster.zone.store->topics.publish(publication)));
        cluster.first.broker.read_inbox();
    };
    stop_reading(cluster, client);
    put("2");
    read_again(cluster, client);
    assert_text(client.take_queued(), msg("old/1", 2));
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
        cmocka_unit_test_setup_teardown(test_one_of_two_ends, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_conflated_in_a_full_zone,
                                        make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
