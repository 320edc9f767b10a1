// The slots of workers: who has one, and what becomes of it.
#include <set>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::set<int32_t> living; // NOLINT: is_alive() takes no argument for it

bool is_alive(const ProcessId& process)
{
    return living.contains(process.pid);
}

// A worker with an interest, unread messages and a selector.
void get_busy(Zone& zone, WorkerId worker)
{
    const SubscriberCount count{
        zone.store->interests.add(worker, "a", 1).interest, 2};
    zone.store->interests.set_subscribers({&count, 1});
    zone.store->interests.add(worker, "b", 2);
    zone.store->selectors.add(worker, *Selector::parse("c/*"));
    zone.put("a", "x", keeping_nothing());
    zone.put("c/1", "x", keeping_nothing());
}

void test_slots_are_taken_and_given_back(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId first = *zone.store->workers.attach({1}, 11);
    const WorkerId second = *zone.store->workers.attach({2}, 12);
    assert_int_not_equal(first, second);
    assert_int_equal(zone.store->status().workers, 2);
    for (const WorkerId worker : {first, second}) {
        zone.store->interests.add(worker, "a", 1);
    }
    zone.put("a", "x");
    assert_true((zone.waker.take() ==
                 std::vector<RecordingWaker::Wake>{{second, 12}, {first, 11}}));

    zone.store->workers.detach(first);
    assert_int_equal(*zone.store->workers.attach({4}, 14), first);
    zone.store->interests.add(first, "a", 1);
    zone.put("a", "y");
    assert_true(
        (zone.waker.take() == std::vector<RecordingWaker::Wake>{{first, 14}}));
}

void test_as_many_as_there_can_be(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (size_t i = 0; i < kMaxWorkers; i++) {
        const auto worker =
            zone.store->workers.attach({static_cast<int32_t>(1 + i)});
        zone.store->selectors.add(*worker, *Selector::parse("a/*"));
        zone.store->selectors.set_sessions(
            *zone.store->selectors.add(*worker, *Selector::parse("**")), 1);
    }
    assert_false(zone.store->workers.attach({9999}).has_value());
    // All of them are told of a new topic, in one change.
    assert_int_equal(zone.put("a/1", "x").subscribers, kMaxWorkers);
    assert_int_equal(zone.waker.take().size(), kMaxWorkers);
    assert_true(*zone.remove("a/1"));
    assert_text(zone.fault(), "");
    for (WorkerId i = 0; i < kMaxWorkers; i++) {
        assert_text(zone.inbox(i), "a/1 1:x gone");
    }
}

void test_detach_leaves_nothing(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    const WorkerId worker = zone.attach();
    get_busy(zone, worker);
    zone.store->workers.detach(worker);
    assert_text(zone.fault(), "");
    assert_int_equal(zone.put("a", "y", keeping_nothing()).subscribers, 0);
    assert_int_equal(zone.put("c/2", "y", keeping_nothing()).subscribers, 0);
    for (const char* topic : {"a", "c/1", "c/2"}) {
        assert_true(*zone.remove(topic));
    }
    assert_int_equal(zone.memory.live_blocks(), blocks);
    assert_int_equal(zone.store->status().workers, 0);
}

void test_detach_leaves_others_alone(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId one = zone.attach();
    const WorkerId other = zone.attach();
    get_busy(zone, one);
    get_busy(zone, other);
    zone.store->workers.detach(one);
    assert_text(zone.inbox(other), "1 2:x");
    assert_int_equal(zone.put("a", "y").subscribers, 2);
    assert_text(zone.inbox(other), "1 3:y");
}

void test_dropped_interest_of_a_leaver(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    zone.put("a", "x");
    zone.store->interests.drop(*interest);
    zone.store->interests.add(worker, "a", 2);
    zone.put("a", "y");
    zone.store->workers.detach(worker);
    assert_text(zone.fault(), "");
}

void test_reap_dead(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId first = *zone.store->workers.attach({101});
    const WorkerId second = *zone.store->workers.attach({102});
    const WorkerId third = *zone.store->workers.attach({103});
    for (const WorkerId worker : {first, second, third}) {
        get_busy(zone, worker);
    }
    living = {101, 102, 103};
    assert_int_equal(zone.store->workers.reap_dead(is_alive), 0);
    living = {102};
    assert_int_equal(zone.store->workers.reap_dead(is_alive), 2);
    assert_text(zone.fault(), "");
    assert_int_equal(zone.store->status().workers, 1);
    assert_int_equal(zone.put("a", "y").subscribers, 2);
    assert_int_equal(zone.store->workers.reap_dead(is_alive), 0);
    // Their slots are for others.
    assert_int_equal(*zone.store->workers.attach({104}), first);
    assert_int_equal(*zone.store->workers.attach({105}), third);
}

// Its pid alone says nothing: another process may have got it.
void test_reap_a_process_and_not_a_pid(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = *zone.store->workers.attach({101, 5});
    get_busy(zone, worker);
    const auto began_at_5 = [](const ProcessId& process) {
        return process == ProcessId{101, 5};
    };
    assert_int_equal(zone.store->workers.reap_dead(began_at_5), 0);
    zone.store->workers.detach(worker);
    assert_int_equal(*zone.store->workers.attach({101, 6}), worker);
    assert_int_equal(zone.store->workers.reap_dead(began_at_5), 1);
    assert_int_equal(zone.store->status().workers, 0);
}

void test_sessions_are_limited(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId first = zone.attach();
    const WorkerId second = zone.attach();
    assert_true(zone.store->workers.open_session(first, 3));
    assert_true(zone.store->workers.open_session(second, 3));
    assert_true(zone.store->workers.open_session(second, 3));
    assert_false(zone.store->workers.open_session(first, 3));
    assert_int_equal(zone.store->status().sessions, 3);
    assert_true(zone.store->workers.open_session(first, 0)); // no limit
    zone.store->workers.close_session(first);
    zone.store->workers.close_session(second);
    assert_true(zone.store->workers.open_session(first, 3));
    // Those of a worker that is gone don't count.
    zone.store->workers.detach(first);
    assert_int_equal(zone.store->status().sessions, 1);
    assert_true(zone.store->workers.open_session(second, 2));
    assert_false(zone.store->workers.open_session(second, 2));
}

void test_counters_outlive_workers(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId first = zone.attach();
    const WorkerId second = zone.attach();
    zone.store->workers.counters(first).delivered.add(5);
    zone.store->workers.counters(first).slow.add(1);
    zone.store->workers.counters(first).subscriptions.add(9);
    zone.store->workers.counters(second).delivered.add(2);
    assert_int_equal(zone.store->status().deliveries.delivered, 7);
    assert_int_equal(zone.store->status().subscriptions, 9);
    zone.store->workers.detach(first);
    assert_int_equal(zone.store->status().deliveries.delivered, 7);
    assert_int_equal(zone.store->status().deliveries.slow, 1);
    assert_int_equal(zone.store->status().subscriptions, 0);
    assert_int_equal(zone.attach(), first);
    assert_int_equal(zone.store->workers.counters(first).delivered.get(), 0);
}

// A zone that another version made, or something else, is not used.
void test_check(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_false(Store::check(*zone.header).has_value());
    const uint32_t version = zone.header->layout_version;
    zone.header->layout_version = version + 1;
    assert_true(Store::check(*zone.header).has_value());
    zone.header->layout_version = version;
    zone.header->magic++;
    assert_true(Store::check(*zone.header).has_value());
    zone.header->magic--;
    assert_false(Store::check(*zone.header).has_value());
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slots_are_taken_and_given_back,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_as_many_as_there_can_be, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_detach_leaves_nothing, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_detach_leaves_others_alone,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_dropped_interest_of_a_leaver,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_reap_dead, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_reap_a_process_and_not_a_pid,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_sessions_are_limited, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_counters_outlive_workers,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_check, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
