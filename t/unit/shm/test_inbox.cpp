// How a worker gets what it is interested in, and when it is woken.
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_in_order_from_now_on(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    const Position before = zone.put("a", "1", keeping(5)).at;
    const Joined joined = zone.store->add_interest(worker, "a", 7);
    assert_true(joined.newest == before);
    assert_false(joined.unread);
    assert_text(zone.inbox(worker), "");
    zone.put("a", "2", keeping(5));
    const Position at = zone.put("a", "3", keeping(5)).at;
    assert_text(zone.inbox(worker), "7 2:2 3:3");
    assert_ptr_equal(zone.delivery.interest, joined.interest);
    assert_true(zone.delivery.newest == at);
    assert_text(zone.inbox(worker), "");
}

// What the policy does not keep waits all the same, and goes when it is read.
void test_unread_waits(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId fast = zone.attach();
    const WorkerId slow = zone.attach();
    zone.store->add_interest(fast, "a", 1);
    zone.store->add_interest(slow, "a", 1);
    for (const char* payload : {"1", "2", "3"}) {
        zone.put("a", payload, keeping_nothing());
    }
    assert_text(zone.inbox(fast), "1 1:1 2:2 3:3");
    assert_int_equal(zone.store->status().totals.items, 3);
    assert_text(zone.inbox(slow), "1 1:1 2:2 3:3");
    assert_int_equal(zone.store->status().totals.items, 0);
}

void test_one_entry_a_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->add_interest(worker, "a", 1);
    zone.store->add_interest(worker, "b", 2);
    zone.put("b", "x", keeping(5));
    zone.put("a", "y", keeping(5));
    zone.put("b", "z", keeping(5));
    assert_text(zone.inbox(worker), "2 1:x 2:z");
    assert_text(zone.inbox(worker), "1 1:y");
    assert_text(zone.inbox(worker), "");
}

void test_wake_only_when_the_first_comes(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    const WorkerId other = zone.attach();
    zone.store->add_interest(worker, "a", 1);
    zone.store->add_interest(worker, "b", 2);
    assert_true(zone.waker.take().empty());

    zone.put("a", "x");
    const auto wakes = zone.waker.take();
    assert_int_equal(wakes.size(), 1);
    assert_true((wakes[0] ==
                 RecordingWaker::Wake{worker, zone.store->wake_fd(worker)}));
    zone.put("a", "y");
    zone.put("b", "y");
    assert_true(zone.waker.take().empty()); // it knows
    zone.inbox(worker);
    zone.put("a", "z");
    assert_true(zone.waker.take().empty()); // "b" is in there still
    zone.inbox(worker);
    zone.inbox(worker);
    assert_text(zone.inbox(worker), "");
    zone.put("b", "z");
    assert_int_equal(zone.waker.take().size(), 1);

    zone.store->add_interest(other, "b", 1);
    zone.put("b", "z");
    assert_int_equal(zone.waker.take().size(), 1); // the other one only
    assert_true(*zone.remove("a"));
    assert_true(zone.waker.take().empty());
}

void test_gone_wakes_too(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a", "x");
    zone.store->add_interest(worker, "a", 1);
    assert_true(*zone.remove("a"));
    assert_int_equal(zone.waker.take().size(), 1);
}

void test_nobody_is_woken_for_nothing(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->add_interest(worker, "a", 1);
    Publication publication = Zone::publication("a", "x");
    publication.condition.kind = Condition::Kind::exists;
    assert_false(bool(zone.store->publish(publication)));
    zone.put("b", "x");
    assert_true(zone.waker.take().empty());
}

// A part at a time, and then it is the next topic's turn.
void test_limit(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->add_interest(worker, "a", 1);
    zone.store->add_interest(worker, "b", 2);
    for (const char* payload : {"1", "2", "3"}) {
        zone.put("a", payload, keeping_nothing());
    }
    zone.put("b", "x");
    assert_int_equal(zone.waker.take().size(), 1);
    assert_text(zone.inbox(worker, 1), "1 1:1");
    assert_int_equal(zone.delivery.newest.seq, 3);
    assert_text(zone.inbox(worker, 1), "2 1:x");
    assert_text(zone.inbox(worker, 1), "1 2:2");
    assert_text(zone.inbox(worker), "1 3:3");
    assert_text(zone.inbox(worker), "");
    assert_true(zone.waker.take().empty()); // it is awake
    zone.put("a", "4", keeping_nothing());
    assert_int_equal(zone.waker.take().size(), 1);
}

void test_one_interest_a_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Interest* first = zone.store->add_interest(worker, "a", 1).interest;
    zone.put("a", "x");
    const Joined again = zone.store->add_interest(worker, "a", 2);
    assert_ptr_equal(again.interest, first);
    assert_true(again.unread);
    assert_text(zone.inbox(worker), "2 1:x");
}

void test_dropped(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->add_interest(worker, "a", 1).interest;
    zone.store->drop_interest(*interest);
    assert_int_equal(zone.memory.live_blocks(), blocks); // the topic too
    zone.put("a", "x");
    assert_text(zone.inbox(worker), "");
    assert_true(zone.waker.take().empty());
}

// While it is in the inbox it cannot be freed; nothing of it is delivered.
void test_dropped_with_unread(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->add_interest(worker, "a", 1).interest;
    const SubscriberCount count{interest, 5};
    zone.store->set_subscribers({&count, 1});
    zone.put("a", "1", keeping_nothing());
    zone.store->drop_interest(*interest);
    assert_int_equal(zone.store->status().totals.items, 0);
    assert_text(zone.fault(), "");
    assert_int_equal(zone.put("a", "2", keeping_nothing()).subscribers, 0);

    // The worker changes its mind: only what comes from now on.
    const Joined joined = zone.store->add_interest(worker, "a", 2);
    assert_false(joined.unread);
    zone.put("a", "3", keeping_nothing());
    assert_text(zone.inbox(worker), "2 3:3");
    assert_text(zone.inbox(worker), "");
    zone.store->drop_interest(*joined.interest);
    assert_text(zone.fault(), "");
}

void test_dropped_topic_goes_with_the_inbox(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->add_interest(worker, "a", 1).interest;
    zone.put("a", "1");
    assert_true(*zone.remove("a"));
    zone.store->drop_interest(*interest);
    assert_text(zone.fault(), "");
    assert_text(zone.inbox(worker), "");
    assert_int_equal(zone.memory.live_blocks(), blocks);
}

void test_catch_up(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a", "1", keeping(2));
    Interest* interest = zone.store->add_interest(worker, "a", 1).interest;
    for (const char* payload : {"2", "3", "4"}) {
        zone.put("a", payload, keeping(2));
    }
    ReadFrom from;
    from.kind = ReadFrom::Kind::last;
    from.last = 10;
    Batch unread;
    Batch kept;
    const ReadAnswer answer =
        zone.store->catch_up(*interest, from, {}, unread, kept);
    assert_text(batch_text(unread), "2:2 3:3 4:4");
    assert_text(batch_text(kept), "2:2 3:3 4:4");
    assert_int_equal(answer.newest.seq, 4);

    // What was read so is not in the inbox any more.
    assert_text(zone.inbox(worker), "");
    zone.put("a", "5", keeping(2));
    assert_int_equal(zone.waker.take().size(), 2);
    assert_text(zone.inbox(worker), "1 5:5");

    zone.put("a", "6", keeping(2));
    zone.store->catch_up(*interest, {}, {}, unread, kept);
    zone.put("a", "7", keeping(2));
    assert_text(batch_text(unread), "6:6");
    assert_text(batch_text(kept), "6:6");
    assert_text(zone.inbox(worker), "1 7:7");
}

void test_catch_up_in_an_absent_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->add_interest(worker, "a", 1).interest;
    Batch unread;
    Batch kept;
    const ReadAnswer answer =
        zone.store->catch_up(*interest, {}, {}, unread, kept);
    assert_int_equal(answer.newest.epoch, 0);
    assert_true(unread.empty() && kept.empty());
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_order_from_now_on, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_unread_waits, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_one_entry_a_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_wake_only_when_the_first_comes,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_gone_wakes_too, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_nobody_is_woken_for_nothing,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_limit, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_one_interest_a_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_dropped, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_dropped_with_unread, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_dropped_topic_goes_with_the_inbox,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_catch_up, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_catch_up_in_an_absent_topic,
                                        make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
