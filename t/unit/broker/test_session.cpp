// The limit of a session's queue: who is too slow is closed, and harms nobody.
#include <string>

#include "base/close_code.hpp"
#include "broker/session.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

ClientOptions small_queue(size_t bytes)
{
    ClientOptions options;
    options.limits.queue_bytes = bytes;
    return options;
}

void test_up_to_the_limit(void** /*state*/)
{
    const FakeClock clock;
    RecordingTransport transport(clock);
    SessionLimits limits;
    limits.queue_bytes = 100;
    Session session(transport, Encoding{}, limits);
    transport.session = &session;
    const FrameRef frame = FrameRef::make(std::string(50, 'x'), 3);
    assert_true(session.send(frame));
    assert_int_equal(transport.flushes, 1);
    assert_true(session.send(frame));
    assert_int_equal(transport.flushes, 1); // it is asked for already
    assert_int_equal(session.outbox().bytes(), 100);
    assert_int_equal(session.counters().messages_out, 6);
    assert_int_equal(transport.closes, 0);

    assert_false(session.send(FrameRef::make("x", 2)));
    assert_int_equal(transport.close_code, kCloseTooSlow);
    assert_int_equal(session.counters().dropped, 2);
    assert_int_equal(session.counters().messages_out, 6);
    assert_true(session.stopped());
    assert_false(session.send(FrameRef::make("x", 1)));
    assert_int_equal(transport.closes, 1);
    // What ends the session is still said.
    session.push(FrameRef::make("bye", 0));
    assert_int_equal(session.outbox().bytes(), 103);
}

// Pongs of two bytes each, of a client that does not read.
void test_tiny_frames_cost_too(void** /*state*/)
{
    constexpr size_t kLeast = 32; // of any block, and a reference to it
    const FakeClock clock;
    RecordingTransport transport(clock);
    SessionLimits limits;
    limits.queue_bytes = 64UL * 1024;
    Session session(transport, Encoding{}, limits);
    transport.session = &session;
    while (session.send(FrameRef::make("xy", 0))) {
        assert_true(session.outbox().frames() * kLeast <= limits.queue_bytes);
    }
    assert_int_equal(transport.close_code, kCloseTooSlow);
    assert_true(session.outbox().frames() > 1000);
}

// One message that is larger than the queue is no reason to close, as long as
// nothing else waits.
void test_larger_than_the_queue(void** /*state*/)
{
    const FakeClock clock;
    RecordingTransport transport(clock);
    SessionLimits limits;
    limits.queue_bytes = 10;
    Session session(transport, Encoding{}, limits);
    transport.session = &session;
    const FrameRef frame = FrameRef::make(std::string(50, 'x'), 1);
    assert_true(session.send(frame));
    session.outbox().consume(50);
    assert_true(session.send(frame));
    assert_int_equal(transport.flushes, 2);
    session.outbox().consume(49);
    assert_false(session.send(frame));
    assert_int_equal(transport.close_code, kCloseTooSlow);
}

void test_one_is_too_slow(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& slow = cluster.connect(small_queue(1000));
    TestClient& other_slow = cluster.connect(cluster.second, small_queue(1000));
    TestClient& fast = cluster.connect(small_queue(1000));
    for (TestClient* client : {&slow, &other_slow, &fast}) {
        client->sub("a", R"(,"since":"new")");
    }
    std::string got;
    for (int i = 0; i < 100; i++) {
        cluster.zone.put("a", std::string(100, 'x'));
        cluster.run();
        got += fast.take();
    }
    assert_int_equal(slow.close_code(), kCloseTooSlow);
    assert_int_equal(other_slow.close_code(), kCloseTooSlow);
    assert_true(slow.session().outbox().bytes() <= 1000);
    assert_false(fast.closed());
    assert_true(got.find("\"seq\":100,") != std::string::npos);
    assert_int_equal(fast.session().counters().messages_out, 100);
}

// A reply counts like a message.
void test_replies_fill_it_too(void** state)
{
    TestClient& client = state_of<Cluster>(state).connect(small_queue(1000));
    for (int i = 0; i < 100 && !client.closed(); i++) {
        client.say(R"({"op":"ping"})");
    }
    assert_int_equal(client.close_code(), kCloseTooSlow);
    assert_true(client.session().outbox().bytes() <= 1000);
}

void test_closing_ends_subscriptions(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    client.sub("a/*");
    client.sub("b");
    assert_int_equal(cluster.zone.put("a/1", "x").subscribers, 1);
    cluster.run();
    cluster.disconnect(client);
    cluster.run();
    assert_int_equal(cluster.zone.put("a/1", "y").subscribers, 0);
    assert_int_equal(cluster.zone.put("a/2", "y").subscribers, 0);
    assert_int_equal(cluster.zone.put("b", "y").subscribers, 0);
    assert_int_equal(cluster.zone.store->status().subscriptions, 0);
}

void test_sessions_of_a_zone(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.connect();
    cluster.connect(cluster.second);
    const auto sessions = [&] {
        return cluster.zone.store->status().sessions;
    };
    assert_false(static_cast<bool>(cluster.first.broker.admit(2)));
    assert_int_equal(sessions(), 2);
    {
        SessionLease lease = cluster.first.broker.admit(3);
        assert_true(static_cast<bool>(lease));
        const SessionLease moved = std::move(lease);
        assert_int_equal(sessions(), 3);
    }
    assert_int_equal(sessions(), 2); // it gave itself back
    SessionLease lease = cluster.first.broker.admit(0);
    assert_int_equal(sessions(), 3);
    lease.give_back();
    assert_int_equal(sessions(), 2);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny_frames_cost_too),
        cmocka_unit_test_setup_teardown(test_up_to_the_limit, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_larger_than_the_queue,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_one_is_too_slow, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_replies_fill_it_too, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_closing_ends_subscriptions,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_sessions_of_a_zone, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
