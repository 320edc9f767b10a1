// Topics that would be idle, but for the readers that they have on some host.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "log/announcer.hpp"
#include "support/people_hosts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kIdleMs = 10'000;

// Two hosts that touch what they read.
struct Touching {
    Touching()
    {
        for (size_t i = 0; i < 2; i++) {
            Store& store = hosts[i].store();
            store.following.set_state(ClusterState::following);
            store.following.make_ready("one");
            announcers.push_back(std::make_unique<Announcer>(
                store, TailerHost{"host", 1UL << 30}, hosts[i].connection,
                hosts[i].host.host_clock));
        }
    }

    void publish(const std::string& topic, int64_t idle_ms = kIdleMs)
    {
        Change change;
        change.topic = topic;
        change.payload = "x";
        change.policy.idle_ms = idle_ms;
        hosts.log.add(encode({++nonce, 0, 0}, change));
        go_on();
    }
    // All read what there is, and touch what has come up.
    void go_on()
    {
        for (size_t i = 0; i < 2; i++) {
            hosts[i].read();
            announcers[i]->touch(hosts[i].host.applier.take_touched());
            hosts[i].connection.answer();
        }
        for (size_t i = 0; i < 2; i++) {
            hosts[i].read();
        }
        assert_text(hosts[1].host.state(), hosts[0].host.state());
    }
    void pass(int64_t ms)
    {
        for (; ms > 0; ms -= 500) {
            hosts.log.id.ms += 500;
            for (size_t i = 0; i < 2; i++) {
                hosts[i].host.host_clock.now += 500;
                hosts[i].expire();
            }
            hosts[0].say_alive();
            go_on();
        }
    }
    bool exists(const std::string& topic)
    {
        return hosts[0].store().topics.newest(topic).epoch != 0;
    }
    // Entries that the host has appended since the last call.
    size_t touches(size_t i) { return hosts[i].connection.take().size(); }

    PeoplesHosts hosts{2};
    std::vector<std::unique_ptr<Announcer>> announcers;
    uint64_t nonce = 5'000'000;
};

int end_touching(void** state)
{
    const std::string fault = state_of<Touching>(state).hosts.fault();
    destroy_state<Touching>(state);
    if (!fault.empty()) {
        std::fprintf(stderr, "a zone: %s\n", fault.c_str());
    }
    return fault.empty() ? 0 : -1;
}

void test_nobody_reads(void** state)
{
    auto& touching = state_of<Touching>(state);
    touching.publish("a");
    touching.pass(kIdleMs);
    assert_true(touching.exists("a"));
    touching.pass(1500);
    assert_false(touching.exists("a"));
    assert_int_equal(touching.touches(0) + touching.touches(1), 0);
}

void test_readers_by_name(void** state)
{
    auto& touching = state_of<Touching>(state);
    touching.publish("a");
    touching.hosts[1].watch("a");
    touching.pass(10 * kIdleMs);
    assert_true(touching.exists("a"));
    assert_int_equal(touching.touches(0), 0);
    assert_in_range(touching.touches(1), 15, 20); // one each half of it
    // What is published needs no touch.
    for (int i = 0; i < 20; i++) {
        touching.publish("a");
        touching.pass(2000);
    }
    assert_int_equal(touching.touches(1), 0);
    // The last one leaves.
    touching.pass(4500);
    assert_int_equal(touching.touches(1), 1);
    touching.pass(3000);
    touching.hosts[1].store().interests.drop(*touching.hosts[1].watcher);
    (void)touching.hosts[1].told(); // where it waits to be freed
    touching.pass(1500);
    assert_int_equal(touching.touches(1), 1);
    touching.pass(kIdleMs - 1500);
    assert_true(touching.exists("a"));
    touching.pass(3000);
    assert_false(touching.exists("a"));
    assert_int_equal(touching.touches(1), 0);
}

// Whose sessions have not come to the topic yet.
void test_readers_by_selector(void** state)
{
    auto& touching = state_of<Touching>(state);
    touching.publish("a/1");
    touching.publish("b/1");
    auto& selectors = touching.hosts[0].store().selectors;
    SelectorRecord* record =
        selectors.add(touching.hosts[0].first, *Selector::parse("a/*"));
    selectors.set_sessions(*record, 1);
    touching.pass(3 * kIdleMs);
    assert_true(touching.exists("a/1"));
    assert_false(touching.exists("b/1"));
    assert_in_range(touching.touches(0), 4, 6);
    assert_int_equal(touching.touches(1), 0);
    selectors.remove(*record);
    touching.pass(kIdleMs + 2000);
    assert_false(touching.exists("a/1"));
}

void test_late_readers(void** state)
{
    auto& touching = state_of<Touching>(state);
    touching.publish("a");
    touching.pass(8000); // it was looked at when half of it was over
    touching.hosts[0].watch("a");
    touching.pass(1000);
    assert_int_equal(touching.touches(0), 1);
    touching.pass(2 * kIdleMs);
    assert_true(touching.exists("a"));
}

void test_a_touch_is_lost(void** state)
{
    auto& touching = state_of<Touching>(state);
    touching.publish("a");
    touching.hosts[0].watch("a");
    touching.hosts[0].connection.lose(true);
    touching.pass(8000);
    assert_in_range(touching.touches(0), 3, 4); // one each second
    touching.hosts[0].connection.lose(false);
    touching.pass(kIdleMs);
    assert_true(touching.exists("a"));
}

void test_many_topics(void** state)
{
    auto& touching = state_of<Touching>(state);
    for (size_t i = 0; i < 400; i++) {
        const std::string topic = std::string(200, 'a') + std::to_string(i);
        touching.publish(topic);
        touching.hosts[0].watch(topic);
    }
    touching.pass(6000);
    assert_int_equal(touching.touches(0), 2); // of 80,000 bytes
    touching.pass(3 * kIdleMs);
    assert_int_equal(touching.hosts[1].host.header->totals.topics, 400);
}

// It says that it is there, and that it ends.
void test_alive(void** state)
{
    auto& touching = state_of<Touching>(state);
    Announcer& announcer = *touching.announcers[0];
    auto& connection = touching.hosts[0].connection;
    touching.hosts[0].join("ann");
    announcer.tell_news();
    assert_true(connection.take().empty()); // it was not heard of
    announcer.say_alive({5, 6});
    announcer.say_alive({5, 6});
    announcer.tell_news();
    const auto entries = connection.take();
    assert_int_equal(entries.size(), 2);
    const auto alive = decode_entry(entries[0]);
    assert_true(
        std::holds_alternative<HereEntry>(decode_entry(entries[1])->body));
    const auto& body = std::get<AliveEntry>(alive->body);
    assert_text(std::string(body.position), "5-6");
    assert_text(std::string(body.name), "host");
    assert_false(body.leaving);
    touching.hosts[0].host.host_clock.now += kAliveMs;
    announcer.say_alive({5, 6});
    assert_int_equal(connection.take().size(), 1);
    announcer.leave({5, 6});
    const auto leaving = connection.take();
    assert_true(std::get<AliveEntry>(decode_entry(leaving[0])->body).leaving);
    touching.go_on();
    // Over a connection to another log nothing is said.
    touching.hosts[0].store().following.make_ready("another");
    touching.hosts[0].join("bob");
    announcer.tell_news();
    announcer.touch({"a"});
    announcer.leave({5, 6});
    assert_true(connection.take().empty());
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_touching = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Touching>, end_touching,
                          nullptr};
    };
    const CMUnitTest tests[] = {
        of_touching("test_nobody_reads", test_nobody_reads),
        of_touching("test_readers_by_name", test_readers_by_name),
        of_touching("test_readers_by_selector", test_readers_by_selector),
        of_touching("test_late_readers", test_late_readers),
        of_touching("test_a_touch_is_lost", test_a_touch_is_lost),
        of_touching("test_many_topics", test_many_topics),
        of_touching("test_alive", test_alive),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
