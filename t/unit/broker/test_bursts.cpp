// More comes at once than a session's queue takes: what the connection takes
// does not count, and who reads is waited for, within limits.
#include <string>

#include "base/close_code.hpp"
#include "support/asserts.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kQueue = 4096;
constexpr size_t kTaken = 1000; // by a connection before it is full
constexpr int kCount = 100;     // messages of kBytes each, in one turn
constexpr size_t kBytes = 400;
// A reader that is waited for has this more in its queue, for a moment: what
// is delivered together.
constexpr size_t kBeyond = kQueue / 2;

TestClient& connect(Cluster& cluster)
{
    ClientOptions options;
    options.limits.queue_bytes = kQueue;
    TestClient& client = cluster.connect(options);
    client.sub("a", R"(,"since":"new")");
    client.take();
    return client;
}

void burst(Cluster& cluster, std::string_view topic = "a")
{
    for (int i = 1; i <= kCount; i++) {
        cluster.zone.put(topic, std::string(kBytes, 'x'));
    }
}

void pass(Cluster& cluster, int64_t ms)
{
    cluster.zone.clock.now += ms;
    cluster.first.clock.now = cluster.second.clock.now = cluster.zone.clock.now;
}

// The connection can be written: what the event loop does then.
void read_some(Cluster& cluster, TestClient& client, size_t bytes)
{
    client.transport().room = bytes;
    client.transport().offer();
    client.transport().room = 0;
    if (client.session().has_room()) {
        cluster.first.broker.caught_up(client.session());
    }
}

size_t lines(const std::string& text)
{
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

// What the connection takes is not in the queue.
void test_the_connection_takes_it(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    client.transport().room = SIZE_MAX;
    burst(cluster);
    cluster.run();
    assert_false(client.closed());
    client.transport().room = 0;
    assert_int_equal(lines(client.take()), kCount + 1); // and a notice
}

// The same where the queue decides between all messages and the newest.
void test_conflated_only_when_full(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    Policy policy;
    policy.conflate = Conflate::full;
    cluster.policies.add(*Selector::parse("a"), policy);
    TestClient& client = connect(cluster);
    client.transport().room = SIZE_MAX;
    for (int i = 1; i <= kCount; i++) {
        cluster.zone.put("a", std::string(kBytes, 'x'), policy);
    }
    cluster.run();
    client.transport().room = 0;
    const std::string got = client.take();
    assert_true(got.find("gap") == std::string::npos);
    assert_int_equal(lines(got), kCount + 1);
}

// What conflation leaves of a burst is not more than the queue either, though
// it comes in one turn: there is room for a reply.
void test_conflated_leaves_room(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    Policy policy;
    policy.conflate = Conflate::full;
    cluster.policies.add(*Selector::parse("a"), policy);
    TestClient& client = connect(cluster);
    client.transport().room = kTaken;
    for (int i = 1; i <= kCount; i++) {
        cluster.zone.put("a", std::string(kBytes, 'x'), policy);
    }
    cluster.run();
    assert_true(client.session().outbox().bytes() <= kQueue);
    client.say(R"({"op":"ping"})");
    assert_false(client.closed());
    client.take();
}

// The worker reads no more than its sessions can take, and goes on when they
// can: nothing is lost, and the queue is hardly exceeded.
void test_waits_for_who_reads(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    TestClient& other = connect(cluster);
    client.transport().room = kTaken;
    other.transport().room = SIZE_MAX;
    burst(cluster);
    size_t turns = 0;
    for (cluster.run(); !client.session().outbox().empty(); cluster.run()) {
        assert_true(client.session().outbox().bytes() <= kQueue + kBeyond);
        read_some(cluster, client, kTaken);
        assert_true(++turns < 1000);
    }
    assert_true(turns > 1);
    assert_false(client.closed());
    other.transport().room = 0;
    assert_int_equal(lines(client.take()), kCount + 1);
    assert_int_equal(lines(other.take()), kCount + 1);
}

// For who takes nothing the wait ends, and with it the session.
void test_waits_no_longer(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    TestClient& other = connect(cluster);
    client.transport().room = kTaken;
    other.transport().room = SIZE_MAX;
    burst(cluster);
    cluster.run();
    const uint64_t before = other.session().counters().messages_out;
    assert_false(client.closed());
    assert_true(before < kCount);
    cluster.first.broker.read_inbox(); // of no use
    assert_int_equal(other.session().counters().messages_out, before);
    const int64_t until = cluster.first.scheduler.due_ms;
    assert_int_equal(until, cluster.first.clock.now + kMostLagWaitMs);

    pass(cluster, kMostLagWaitMs);
    cluster.first.broker.run_due();
    assert_true(cluster.first.scheduler.asked_for_next);
    cluster.run();
    assert_int_equal(client.close_code(), kCloseTooSlow);
    assert_int_equal(other.session().counters().messages_out, kCount);
    client.take_frames();
}

// Who reads and lags again at once does not keep a turn from ending: each
// part waits for the next one.
void test_goes_on_in_the_next_turn(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    client.transport().room = kTaken;
    burst(cluster);
    cluster.run();
    const FakeScheduler& scheduler = cluster.first.scheduler;
    assert_false(scheduler.asked_to_read || scheduler.asked_for_next);
    client.transport().room = SIZE_MAX;
    client.transport().offer();
    cluster.first.broker.caught_up(client.session());
    assert_true(scheduler.asked_for_next);
    assert_false(scheduler.asked_to_read);
    cluster.run();
    client.transport().room = 0;
    assert_int_equal(lines(client.take()), kCount + 1);
}

// A reader that has had its wait has to have room again before the next.
void test_waits_once(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    client.transport().room = kTaken;
    burst(cluster);
    cluster.run();
    pass(cluster, kMostLagWaitMs);
    read_some(cluster, client, 1); // it reads, but what is that
    cluster.first.broker.run_due();
    cluster.run();
    assert_int_equal(client.close_code(), kCloseTooSlow);
    client.take_frames();
}

// The wait ends with whoever looks at the time first: also where that is a
// subscription in the same turn, before the timer, the worker goes on.
void test_ends_with_a_subscription(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.zone.put("b", "1");
    TestClient& client = connect(cluster);
    TestClient& other = connect(cluster);
    client.transport().room = kTaken;
    other.transport().room = SIZE_MAX;
    burst(cluster);
    cluster.run();
    assert_true(other.session().counters().messages_out < kCount);
    pass(cluster, kMostLagWaitMs);
    TestClient& late = cluster.connect();
    late.sub("b");
    cluster.first.broker.run_due();
    assert_true(cluster.first.scheduler.asked_for_next);
    cluster.run();
    assert_int_equal(other.session().counters().messages_out, kCount);
    client.take_frames();
}

// All waits together are a small part of the time.
void test_waits_a_share_of_the_time(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& other = connect(cluster);
    other.transport().room = SIZE_MAX;
    int64_t waited_ms = 0;
    const int64_t began_ms = cluster.first.clock.now;
    for (int i = 0; i < 100; i++) {
        TestClient& client = connect(cluster);
        client.transport().room = kTaken;
        burst(cluster);
        cluster.run();
        while (!client.closed()) {
            pass(cluster, 1);
            waited_ms++;
            cluster.first.broker.run_due();
            cluster.run();
        }
        client.take_frames();
        cluster.disconnect(client);
        pass(cluster, 10);
    }
    assert_true(waited_ms >= kMostLagWaitMs);
    assert_true((waited_ms - kMostLagWaitMs) * kLagWaitShare <=
                cluster.first.clock.now - began_ms);
    assert_false(other.closed());
}

// A wait costs what it was to last at most, however late its end is seen.
void test_a_wait_that_is_seen_late(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    for (int i = 0; i < 3; i++) {
        TestClient& client = connect(cluster);
        client.transport().room = kTaken;
        burst(cluster);
        cluster.run();
        assert_false(client.closed());
        assert_int_equal(cluster.first.scheduler.due_ms,
                         cluster.first.clock.now + kMostLagWaitMs);
        pass(cluster, 10 * kMostLagWaitMs);
        cluster.first.broker.run_due();
        cluster.run();
        assert_true(client.closed());
        client.take_frames();
        cluster.disconnect(client);
    }
}

// A connection that has long taken nothing is not waited for at all.
void test_a_stale_one(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    TestClient& other = connect(cluster);
    other.transport().room = SIZE_MAX;
    cluster.zone.put("a", std::string(kBytes, 'x'));
    cluster.run();
    client.session().outbox().offered(false, cluster.first.clock);
    pass(cluster, kFreshMs + 1);
    burst(cluster);
    cluster.run();
    assert_int_equal(client.close_code(), kCloseTooSlow);
    assert_int_equal(other.session().counters().messages_out, kCount + 1);
    client.take_frames();
}

// It ends: nobody waits any more.
void test_ends_while_waited_for(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    TestClient& other = connect(cluster);
    client.transport().room = kTaken;
    other.transport().room = SIZE_MAX;
    burst(cluster);
    cluster.run();
    assert_true(other.session().counters().messages_out < kCount);
    cluster.disconnect(client);
    cluster.run();
    assert_int_equal(other.session().counters().messages_out, kCount);
}

// What was published before the end of a subscription comes, though the worker
// waits for another session meanwhile.
void test_unsubscribes_meanwhile(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = connect(cluster);
    TestClient& leaver = connect(cluster);
    client.transport().room = kTaken;
    leaver.transport().room = SIZE_MAX;
    burst(cluster);
    cluster.run();
    leaver.protocol().on_message(false, R"({"id":1,"op":"unsub","topic":"a"})");
    assert_true(leaver.client().effort().is_tired());
    const uint64_t asked = leaver.session().counters().messages_in;
    while (leaver.client().effort().is_tired()) {
        read_some(cluster, client, kTaken);
        cluster.run();
        leaver.client().effort().begin_turn();
        leaver.protocol().begin_turn();
    }
    assert_int_equal(leaver.session().counters().messages_in, asked);
    assert_int_equal(leaver.session().subscriptions(), 0);
    assert_int_equal(leaver.session().counters().messages_out, kCount);
    leaver.transport().room = 0;
    assert_true(leaver.take().ends_with(R"({"id":1,"ok":{}})"));
    client.take();
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_connection_takes_it,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_conflated_only_when_full,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_conflated_leaves_room,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_waits_for_who_reads, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_waits_no_longer, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_goes_on_in_the_next_turn,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_waits_once, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_ends_with_a_subscription,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_waits_a_share_of_the_time,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_a_wait_that_is_seen_late,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_a_stale_one, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_ends_while_waited_for,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_unsubscribes_meanwhile,
                                        make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
