// Who may not have every message gets the latest one when its time has come and
// its outbox is empty: one session, by itself.
#include <memory>
#include <string>

#include "broker/pacer.hpp"
#include "support/asserts.hpp"
#include "support/ports.hpp"
#include "support/word_encoder.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kIntervalMs = 1000;

// A topic with the messages 1 to 9 that a session gets by one subscription.
struct Paced {
    Paced()
    {
        for (int i = 1; i < 10; i++) {
            zone.put("t", std::to_string(i), keeping(10));
        }
        (void)zone.store->topics.read("t", {ReadFrom::Kind::last, 10, {}}, {},
                                      batch);
        topic.path = "t";
        transport.session = &session;
        auto made = std::make_unique<Subscription>();
        made->session = &session;
        made->group = &group;
        made->interval_ms = kIntervalMs;
        subscription = made.get();
        group.members.push_back(subscription);
        group.wants_latest = true;
        group.topics.push_back(&topic);
        topic.groups.push_back(&group);
        session.seat().subscriptions.add(std::move(made));
    }
    ~Paced()
    {
        pacer.drop(session);
        zone.store->workers.detach(worker);
    }

    // Message `seq` is delivered. Returns how many the session got.
    uint64_t deliver(size_t seq)
    {
        keep_latest_if_wanted(topic, deltas);
        topic.latest->set(batch, seq - 1, {});
        topic.last = batch[seq - 1].message.at;
        MessageFrames frames(encoder, topic.path, batch, seq - 1, seq);
        return pacer.offer(*subscription, topic, frames);
    }
    // What the session got, its outbox empty afterwards.
    std::string take()
    {
        transport.room += session.outbox().bytes();
        transport.offer();
        return std::exchange(transport.taken, {});
    }
    std::string take_skipped()
    {
        size_t bytes = SIZE_MAX;
        assert_false(pacer.send_skipped(session, bytes));
        return take();
    }

    Zone zone;
    WorkerId worker = zone.attach();
    Batch batch;
    WordEncoder encoder;
    FakeScheduler scheduler;
    FakeClock clock;
    Laggards laggards{clock};
    TurnBudget budget;
    DeltaMaker deltas;
    RecordingTransport transport{clock};
    SessionLimits limits;
    Session session{transport, Encoding{}, limits};
    Group group{*Selector::parse("t")};
    LocalTopic topic;
    Subscription* subscription = nullptr;
    Pacer pacer{*zone.store, worker,   encoder, scheduler,
                clock,       laggards, budget};
};

void test_rate(void** state)
{
    auto& p = state_of<Paced>(state);
    assert_true(Pacer::is_for(*p.subscription));
    assert_int_equal(p.deliver(1), 1);
    assert_text(p.take(), "data 1");
    assert_int_equal(p.deliver(2), 0);
    assert_true(Pacer::is_skipping(p.session, p.topic));
    assert_int_equal(p.deliver(3), 0);
    assert_int_equal(p.scheduler.due_ms, p.clock.now + kIntervalMs);
    assert_text(p.take_skipped(), "");
    p.clock.now += kIntervalMs;
    p.transport.flushes = 0;
    p.pacer.run_due();
    assert_int_equal(p.transport.flushes, 1);
    assert_text(p.take_skipped(), "gap 2 to 2 conflateddata 3");
    assert_false(Pacer::is_skipping(p.session, p.topic));
    assert_int_equal(p.session.counters().dropped, 1);
}

void test_waits_for_an_empty_outbox(void** state)
{
    auto& p = state_of<Paced>(state);
    p.deliver(1);
    p.deliver(2);
    p.clock.now += kIntervalMs;
    p.pacer.run_due();
    size_t bytes = SIZE_MAX;
    assert_false(p.pacer.send_skipped(p.session, bytes));
    assert_text(p.take(), "data 1"); // it was full of this
    bytes = 0;
    assert_true(p.pacer.send_skipped(p.session, bytes)); // the turn was
    assert_text(p.take_skipped(), "data 2");
}

void test_conflated(void** state)
{
    auto& p = state_of<Paced>(state);
    p.subscription->interval_ms = 0;
    p.topic.policy.conflate = Conflate::always;
    assert_int_equal(p.deliver(1), 1);
    p.transport.offer(); // of which the connection takes nothing
    assert_int_equal(p.deliver(2), 0);
    assert_int_equal(p.deliver(3), 0);
    assert_text(p.take(), "data 1");
    assert_text(p.take_skipped(), "gap 2 to 2 conflateddata 3");
    assert_null(p.session.seat().tracks.get());
}

void test_topic_ends(void** state)
{
    auto& p = state_of<Paced>(state);
    p.deliver(1);
    p.deliver(2);
    p.deliver(3);
    p.take();
    p.pacer.forget_topic(p.topic, 3);
    assert_text(p.take(), "gap 2 to 3 conflated");
    assert_null(p.session.seat().tracks.get());
}

void test_subscription_ends(void** state)
{
    auto& p = state_of<Paced>(state);
    p.deliver(1);
    p.deliver(2);
    p.take();
    p.pacer.end(*p.subscription);
    assert_text(p.take(), "gap 2 to 2 conflated");
    assert_null(p.session.seat().tracks.get());
}

void test_too_many(void** state)
{
    auto& p = state_of<Paced>(state);
    const SessionLimits little{100, 10};
    Session small(p.transport, Encoding{}, little);
    p.subscription->session = &small;
    p.topic.policy.conflate = Conflate::always;
    p.subscription->interval_ms = 0;
    p.deliver(1);
    p.transport.session = &small;
    p.transport.offer();
    p.deliver(2);
    assert_int_equal(p.transport.close_code, 3008);
    p.subscription->session = &p.session;
    p.transport.session = &p.session;
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto test = [](const char* name, CMUnitTestFunction function) {
        return CMUnitTest{name, function, make_state<Paced>,
                          destroy_state<Paced>, nullptr};
    };
    const CMUnitTest tests[] = {
        test("rate", test_rate),
        test("waits_for_an_empty_outbox", test_waits_for_an_empty_outbox),
        test("conflated", test_conflated),
        test("topic_ends", test_topic_ends),
        test("subscription_ends", test_subscription_ends),
        test("too_many", test_too_many),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
