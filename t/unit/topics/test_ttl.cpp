// Messages that are too old: not read any more from that moment on, and their
// memory comes back soon after.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

Policy living(int64_t ttl_ms, uint32_t history = 0, bool retain = true)
{
    Policy policy;
    policy.retain = retain;
    policy.history = history;
    policy.ttl_ms = ttl_ms;
    return policy;
}

void expire_all(Zone& zone)
{
    while (zone.store->expire(zone.clock.now)) {
    }
}

void assert_sound(Zone& zone)
{
    assert_string_equal(zone.fault().c_str(), "");
}

void assert_read(const std::string& text, const char* expected)
{
    assert_string_equal(text.c_str(), expected);
}

ReadAnswer ask_value(Zone& zone, std::string_view topic)
{
    return zone.store->topics.read(topic, {}, {}, zone.batch);
}

void test_a_value(void** state)
{
    auto& zone = state_of<Zone>(state);
    const auto at = zone.publish("a", "x", living(1500));
    zone.clock.now += 1499;
    assert_read(zone.read("a"), "1:x");
    assert_false(ask_value(zone, "a").expired);
    zone.clock.now += 1;
    assert_read(zone.read("a"), "");
    const ReadAnswer answer = ask_value(zone, "a");
    assert_true(answer.expired);
    assert_int_equal(answer.newest.seq, 1);
    assert_sound(zone);

    // the topic goes on
    const auto next = zone.publish("a", "y", living(1500));
    assert_true(next->at.epoch == at->at.epoch);
    assert_int_equal(next->at.seq, 2);
    assert_read(zone.read("a"), "2:y");
    assert_read(zone.last("a", 9), "2:y");
}

void test_memory_comes_back(void** state)
{
    auto& zone = state_of<Zone>(state);
    (void)zone.publish("a", std::string(5000, 'x'), living(3000));
    const size_t used = zone.memory.used_bytes();
    zone.clock.now += 2999;
    expire_all(zone);
    assert_int_equal(zone.memory.used_bytes(), used);
    zone.clock.now += 1001; // the wheel's second
    expire_all(zone);
    assert_true(zone.memory.used_bytes() + 5000 < used);
    assert_int_equal(zone.store->status().totals.expired, 1);
    assert_int_equal(zone.store->status().totals.items, 0);
    assert_int_equal(zone.store->status().totals.topics, 1);
    assert_true(ask_value(zone, "a").expired);
    assert_sound(zone);
}

void test_history_goes_by_and_by(void** state)
{
    auto& zone = state_of<Zone>(state);
    Position first;
    for (int i = 1; i <= 5; i++) {
        const auto at = zone.publish("a", "x", living(10'000, 9));
        first.epoch = at->at.epoch;
        zone.clock.now += 1000;
    }
    // 1 to 5 are 5, 4, 3, 2 and 1 seconds old
    zone.clock.now += 6500;
    assert_read(zone.last("a", 9), "3:x 4:x 5:x");
    const ReadAnswer lost = zone.ask_after("a", first);
    assert_false(lost.found);
    assert_int_equal(lost.lost_from, 1);
    assert_int_equal(lost.lost_to, 2);
    assert_read(batch_text(zone.batch), "3:x 4:x 5:x");
    assert_true(zone.ask_after("a", {first.epoch, 2}).found);
    expire_all(zone);
    assert_int_equal(zone.store->status().totals.items, 3);
    assert_read(zone.last("a", 9), "3:x 4:x 5:x");

    zone.clock.now += 60'000;
    const ReadAnswer all_lost = zone.ask_after("a", {first.epoch, 3});
    assert_false(all_lost.found);
    assert_int_equal(all_lost.lost_from, 4);
    assert_int_equal(all_lost.lost_to, 5);
    assert_true(zone.ask_after("a", {first.epoch, 5}).found);
    expire_all(zone);
    assert_int_equal(zone.store->status().totals.items, 0);
    assert_sound(zone);
}

void test_a_publish_lets_go_of_the_old(void** state)
{
    auto& zone = state_of<Zone>(state);
    for (int i = 0; i < 5; i++) {
        (void)zone.publish("a", "x", living(100, 9));
    }
    zone.clock.now += 100;
    (void)zone.publish("a", "y", living(100, 9));
    assert_int_equal(zone.store->status().totals.items, 1);
    assert_sound(zone);
}

// A reader that is late is not given what is too old: it counts as evicted.
void test_unread(void** state)
{
    auto& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 7);
    (void)zone.publish("a", "1", living(1000, 9, false));
    zone.clock.now += 600;
    (void)zone.publish("a", "2", living(1000, 9, false));
    zone.clock.now += 600;
    assert_read(zone.inbox(worker), "7 2:2");
    (void)zone.publish("a", "3", living(1000, 9, false));
    zone.clock.now += 5000;
    expire_all(zone);
    assert_read(zone.inbox(worker), "7 ");
    assert_int_equal(zone.delivery.newest.seq, 3);
    assert_read(zone.inbox(worker), "");
    assert_sound(zone);
}

void test_as_of_the_last_publish(void** state)
{
    auto& zone = state_of<Zone>(state);
    (void)zone.publish("a", "1", living(100'000, 9));
    // shorter: scheduled anew
    (void)zone.publish("a", "2", living(2000, 9));
    zone.clock.now += 3000;
    assert_read(zone.last("a", 9), "");
    expire_all(zone);
    assert_int_equal(zone.store->status().totals.items, 0);
    // off
    (void)zone.publish("a", "3", living(2000, 9));
    (void)zone.publish("a", "4", living(0, 9));
    zone.clock.now += 1'000'000;
    expire_all(zone);
    assert_read(zone.last("a", 9), "3:3 4:4");
    assert_sound(zone);
}

Errc publish_if(Zone& zone, Condition::Kind kind, const Position& at = {})
{
    Change publication;
    publication.topic = "a";
    publication.payload = "x";
    publication.policy = living(1000);
    publication.now_ms = zone.clock.now;
    publication.condition.kind = kind;
    publication.condition.at = at;
    const auto answer = zone.store->topics.publish(publication);
    return answer ? Errc{} : answer.error().code;
}

// Conditions agree with what a reader sees.
void test_conditions(void** state)
{
    auto& zone = state_of<Zone>(state);
    (void)zone.publish("a", "x", living(1000));
    assert_true(publish_if(zone, Condition::Kind::absent) == Errc::conflict);
    zone.clock.now += 1000;
    assert_true(publish_if(zone, Condition::Kind::exists) == Errc::conflict);
    assert_true(publish_if(zone, Condition::Kind::absent) == Errc{});
    assert_true(publish_if(zone, Condition::Kind::exists) == Errc{});
    const Position third = zone.store->topics.newest("a");
    assert_true(publish_if(zone, Condition::Kind::at, third) == Errc{});
    const Position fourth = zone.store->topics.newest("a");
    assert_int_equal(fourth.seq, 4);
    zone.clock.now += 1000;
    assert_true(publish_if(zone, Condition::Kind::at, fourth) ==
                Errc::conflict);
    assert_true(zone.store->topics.newest("a") == Position{});
    assert_true(publish_if(zone, Condition::Kind::at) == Errc::conflict);
    assert_true(publish_if(zone, Condition::Kind::absent) == Errc{});
    assert_int_equal(zone.store->topics.newest("a").seq, 5);
}

// One that retains nothing exists until it is removed: it has an order to
// append in.
void test_conditions_without_a_value(void** state)
{
    auto& zone = state_of<Zone>(state);
    Policy policy = living(1000, 5);
    policy.retain = false;
    const Position at = zone.publish("a", "x", policy)->at;
    zone.clock.now += 2000;
    assert_true(zone.store->topics.newest("a") == at);
    const auto publish_if = [&](Condition condition) {
        Change publication = Zone::publication("a", "x");
        publication.policy = policy;
        publication.now_ms = zone.clock.now;
        publication.condition = condition;
        return error_of(zone.store->topics.publish(publication));
    };
    using Kind = Condition::Kind;
    assert_int_equal(publish_if({Kind::absent, {}}), code_of(Errc::conflict));
    assert_int_equal(publish_if({Kind::at, at}), 0);
    assert_int_equal(publish_if({Kind::at, at}), code_of(Errc::conflict));
    assert_int_equal(publish_if({Kind::exists, {}}), 0);
}

// What is too old is told by time that passes, not by the time that is shown.
void test_the_systems_clock_is_set(void** state)
{
    auto& zone = state_of<Zone>(state);
    constexpr int64_t kHours = 2LL * 3600 * 1000;
    (void)zone.publish("a", "1", living(2000, 9));
    zone.clock.step = kHours;
    expire_all(zone);
    assert_read(zone.last("a", 9), "1:1");
    (void)zone.publish("a", "2", living(2000, 9));
    zone.clock.step = -kHours;
    (void)zone.publish("a", "3", living(2000, 9));
    assert_read(zone.last("a", 9), "1:1 2:2 3:3");
    assert_int_equal(zone.batch[2].message.time_ms, kTestNowMs - kHours);
    zone.clock.now += 2000;
    assert_read(zone.last("a", 9), "");
    zone.clock.now += 1000;
    expire_all(zone);
    assert_int_equal(zone.store->status().totals.items, 0);
    assert_sound(zone);
}

// The newest message may come from a worker whose time is a little behind.
void test_clocks_that_differ(void** state)
{
    auto& zone = state_of<Zone>(state);
    (void)zone.publish("a", "1", living(2000, 9));
    zone.clock.now -= 300;
    (void)zone.publish("a", "2", living(2000, 9));
    assert_read(zone.last("a", 9), "1:1 2:2");
    zone.clock.now += 2000;
    assert_read(zone.last("a", 9), "");
    zone.clock.now += 1300;
    expire_all(zone);
    assert_int_equal(zone.store->status().totals.items, 0);
    assert_sound(zone);
}

void test_much_is_done_in_parts(void** state)
{
    auto& zone = state_of<Zone>(state);
    constexpr int kCount = 5000;
    for (int i = 0; i < kCount; i++) {
        (void)zone.publish("a", "x", living(1000, kCount));
    }
    for (int i = 0; i < kCount; i++) {
        (void)zone.publish("b/" + std::to_string(i), "x", living(1000));
    }
    zone.clock.now += 2000;
    int turns = 1;
    while (zone.store->expire(zone.clock.now)) {
        turns++;
    }
    assert_true(turns > 5);
    assert_int_equal(zone.store->status().totals.expired, 2 * kCount);
    assert_sound(zone);
    assert_false(zone.store->expire(zone.clock.now));
}

// Old messages make room before history of others is evicted.
void test_a_full_zone(void** state)
{
    auto& zone = state_of<Zone>(state);
    Policy lasting;
    lasting.history = 9;
    (void)zone.publish("kept", "1", lasting);
    (void)zone.publish("kept", "2", lasting);
    (void)zone.publish("a", std::string(5000, 'x'), living(1000));
    zone.leave_room(1000);
    zone.clock.now += 2000;
    assert_true(bool(zone.publish("b", std::string(5000, 'x'))));
    assert_read(zone.last("kept", 9), "1:1 2:2");
    assert_int_equal(zone.store->status().totals.evicted, 0);
    assert_sound(zone);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    constexpr auto make = make_state<Zone>;
    constexpr auto end = destroy_state<Zone>;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_value, make, end),
        cmocka_unit_test_setup_teardown(test_memory_comes_back, make, end),
        cmocka_unit_test_setup_teardown(test_history_goes_by_and_by, make, end),
        cmocka_unit_test_setup_teardown(test_a_publish_lets_go_of_the_old, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_unread, make, end),
        cmocka_unit_test_setup_teardown(test_as_of_the_last_publish, make, end),
        cmocka_unit_test_setup_teardown(test_conditions, make, end),
        cmocka_unit_test_setup_teardown(test_conditions_without_a_value, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_the_systems_clock_is_set, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_clocks_that_differ, make, end),
        cmocka_unit_test_setup_teardown(test_much_is_done_in_parts, make, end),
        cmocka_unit_test_setup_teardown(test_a_full_zone, make, end),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
