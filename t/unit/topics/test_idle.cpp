// Topics that nobody has used for their idle time go, if nobody waits for
// more.
#include <string>

#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kIdleMs = 5000;

Policy idle_after(int64_t idle_ms, uint32_t history = 0)
{
    Policy policy;
    policy.history = history;
    policy.idle_ms = idle_ms;
    return policy;
}

// Lets time pass in steps of a second, as the workers see it.
void pass(Zone& zone, int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        zone.clock.now += std::min<int64_t>(ms, 1000);
        while (zone.store->expire(zone.clock.now)) {
        }
    }
    assert_string_equal(zone.fault().c_str(), "");
}

// Whether its value is too old or not.
bool exists(Zone& zone, std::string_view topic)
{
    ReadFrom from;
    from.kind = ReadFrom::Kind::nothing;
    return zone.store->topics.read(topic, from, {}, zone.batch).newest.epoch !=
           0;
}

void test_it_goes(void** state)
{
    auto& zone = state_of<Zone>(state);
    const size_t empty = zone.memory.live_blocks();
    const auto before = zone.publish("a", "x", idle_after(kIdleMs));
    pass(zone, kIdleMs - 1);
    assert_true(exists(zone, "a"));
    pass(zone, 1001);
    assert_false(exists(zone, "a"));
    assert_int_equal(zone.memory.live_blocks(), empty);
    assert_int_equal(zone.store->status().totals.topics, 0);
    const auto after = zone.publish("a", "x", idle_after(kIdleMs));
    assert_true(after->at.epoch > before->at.epoch);
    assert_int_equal(after->at.seq, 1);
}

void test_a_publish_restarts_it(void** state)
{
    auto& zone = state_of<Zone>(state);
    for (int i = 0; i < 10; i++) {
        (void)zone.publish("a", "x", idle_after(kIdleMs));
        pass(zone, kIdleMs - 1000);
        assert_true(exists(zone, "a"));
    }
    pass(zone, 2000);
    assert_false(exists(zone, "a"));
}

void test_a_reader_keeps_it(void** state)
{
    auto& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    (void)zone.publish("a", "x", idle_after(kIdleMs));
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    pass(zone, 10 * kIdleMs);
    assert_true(exists(zone, "a"));
    zone.store->interests.drop(*interest);
    pass(zone, kIdleMs - 1);
    assert_true(exists(zone, "a"));
    pass(zone, 1001);
    assert_false(exists(zone, "a"));
}

void test_a_dead_worker_keeps_nothing(void** state)
{
    auto& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    (void)zone.publish("a", "x", idle_after(kIdleMs));
    zone.store->interests.add(worker, "a", 1);
    (void)zone.publish("a", "y", idle_after(kIdleMs)); // and never read
    pass(zone, 10 * kIdleMs);
    assert_true(exists(zone, "a"));
    assert_int_equal(
        zone.store->workers.reap_dead([](const ProcessId&) { return false; }),
        1);
    pass(zone, kIdleMs + 1000);
    assert_false(exists(zone, "a"));
}

// Sessions of a selector may be far behind in starting with its topics.
void test_a_selector_keeps_it(void** state)
{
    auto& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    (void)zone.publish("a/b", "x", idle_after(kIdleMs));
    (void)zone.publish("b/b", "x", idle_after(kIdleMs));
    SelectorRecord* record =
        zone.store->selectors.add(worker, *Selector::parse("a/*"));
    pass(zone, 10 * kIdleMs);
    assert_true(exists(zone, "a/b"));
    assert_false(exists(zone, "b/b"));
    zone.store->selectors.remove(*record);
    pass(zone, kIdleMs + 1000);
    assert_false(exists(zone, "a/b"));
}

void test_a_long_history(void** state)
{
    auto& zone = state_of<Zone>(state);
    const size_t empty = zone.memory.live_blocks();
    constexpr uint32_t kCount = 3000;
    for (uint32_t i = 0; i < kCount; i++) {
        (void)zone.publish("a", "x", idle_after(kIdleMs, kCount));
    }
    zone.clock.now += kIdleMs + 1000;
    assert_true(zone.store->expire(zone.clock.now));
    assert_false(exists(zone, "a"));
    // somebody comes in the middle of it
    const auto at = zone.publish("a", "y", idle_after(kIdleMs, kCount));
    assert_int_equal(at->at.seq, 1);
    assert_string_equal(zone.last("a", 9).c_str(), "1:y");
    pass(zone, kIdleMs + 1000);
    assert_false(exists(zone, "a"));
    assert_int_equal(zone.memory.live_blocks(), empty);
}

void test_with_ttl(void** state)
{
    auto& zone = state_of<Zone>(state);
    Policy policy = idle_after(kIdleMs);
    policy.ttl_ms = 2000;
    (void)zone.publish("a", "x", policy);
    pass(zone, 3000);
    assert_int_equal(zone.store->status().totals.items, 0);
    assert_true(exists(zone, "a"));
    pass(zone, 3000);
    assert_false(exists(zone, "a"));
}

void test_long_times(void** state)
{
    auto& zone = state_of<Zone>(state);
    constexpr int64_t kHours = 2LL * 3600 * 1000;
    (void)zone.publish("a", "x", idle_after(kHours));
    pass(zone, kHours - 1);
    assert_true(exists(zone, "a"));
    pass(zone, 1001);
    assert_false(exists(zone, "a"));
}

void test_the_systems_clock_is_set(void** state)
{
    auto& zone = state_of<Zone>(state);
    (void)zone.publish("a", "x", idle_after(kIdleMs));
    zone.clock.step = 24LL * 3600 * 1000;
    pass(zone, kIdleMs - 1);
    assert_true(exists(zone, "a"));
    zone.clock.step = -zone.clock.step;
    pass(zone, 1001);
    assert_false(exists(zone, "a"));
}

void test_off_again(void** state)
{
    auto& zone = state_of<Zone>(state);
    (void)zone.publish("a", "x", idle_after(kIdleMs));
    (void)zone.publish("a", "x");
    pass(zone, 10 * kIdleMs);
    assert_true(exists(zone, "a"));
}

void test_deleted_before(void** state)
{
    auto& zone = state_of<Zone>(state);
    const size_t empty = zone.memory.live_blocks();
    (void)zone.publish("a", "x", idle_after(kIdleMs));
    assert_true(*zone.remove("a"));
    assert_int_equal(zone.memory.live_blocks(), empty);
    pass(zone, 2 * kIdleMs);
}

// No room for the clock: nothing is left of the publish.
void test_no_room(void** state)
{
    auto& zone = state_of<Zone>(state);
    for (size_t n = 1; n <= 3; n++) {
        zone.memory.fail_from(n);
        assert_false(bool(zone.publish("a", "x", idle_after(kIdleMs))));
        zone.memory.fail_from(0);
        assert_string_equal(zone.fault().c_str(), "");
    }
    assert_true(bool(zone.publish("a", "x", idle_after(kIdleMs))));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    constexpr auto make = make_state<Zone>;
    constexpr auto end = destroy_state<Zone>;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_goes, make, end),
        cmocka_unit_test_setup_teardown(test_a_publish_restarts_it, make, end),
        cmocka_unit_test_setup_teardown(test_a_reader_keeps_it, make, end),
        cmocka_unit_test_setup_teardown(test_a_dead_worker_keeps_nothing, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_selector_keeps_it, make, end),
        cmocka_unit_test_setup_teardown(test_a_long_history, make, end),
        cmocka_unit_test_setup_teardown(test_with_ttl, make, end),
        cmocka_unit_test_setup_teardown(test_long_times, make, end),
        cmocka_unit_test_setup_teardown(test_the_systems_clock_is_set, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_off_again, make, end),
        cmocka_unit_test_setup_teardown(test_deleted_before, make, end),
        cmocka_unit_test_setup_teardown(test_no_room, make, end),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
