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
    const AddedInterest joined = zone.store->interests.add(worker, "a", 7);
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
    zone.store->interests.add(fast, "a", 1);
    zone.store->interests.add(slow, "a", 1);
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
    zone.store->interests.add(worker, "a", 1);
    zone.store->interests.add(worker, "b", 2);
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
    zone.store->interests.add(worker, "a", 1);
    zone.store->interests.add(worker, "b", 2);
    assert_true(zone.waker.take().empty());

    zone.put("a", "x");
    const auto wakes = zone.waker.take();
    assert_int_equal(wakes.size(), 1);
    assert_int_equal(wakes[0].worker, worker);
    assert_int_equal(wakes[0].number, zone.header->workers[worker].process.pid);
    assert_true(zone.store->inboxes.may_have_unread(worker));
    assert_false(zone.store->inboxes.may_have_unread(other));
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

    zone.store->interests.add(other, "b", 1);
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
    zone.store->interests.add(worker, "a", 1);
    assert_true(*zone.remove("a"));
    assert_int_equal(zone.waker.take().size(), 1);
}

void test_nobody_is_woken_for_nothing(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    Change publication = Zone::publication("a", "x");
    publication.condition.kind = Condition::Kind::exists;
    assert_false(bool(zone.store->topics.publish(publication)));
    zone.put("b", "x");
    assert_true(zone.waker.take().empty());
}

// A part at a time, and then it is the next topic's turn.
void test_limit(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    zone.store->interests.add(worker, "b", 2);
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
    Interest* first = zone.store->interests.add(worker, "a", 1).interest;
    zone.put("a", "x");
    const AddedInterest again = zone.store->interests.add(worker, "a", 2);
    assert_ptr_equal(again.interest, first);
    assert_true(again.unread);
    assert_text(zone.inbox(worker), "2 1:x");
}

void test_dropped(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    zone.store->interests.drop(*interest);
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
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    const SubscriberCount count{interest, 5};
    zone.store->interests.set_subscribers({&count, 1});
    zone.put("a", "1", keeping_nothing());
    zone.store->interests.drop(*interest);
    assert_int_equal(zone.store->status().totals.items, 0);
    assert_text(zone.fault(), "");
    assert_int_equal(zone.put("a", "2", keeping_nothing()).subscribers, 0);

    // The worker changes its mind: only what comes from now on.
    const AddedInterest joined = zone.store->interests.add(worker, "a", 2);
    assert_false(joined.unread);
    zone.put("a", "3", keeping_nothing());
    assert_text(zone.inbox(worker), "2 3:3");
    assert_text(zone.inbox(worker), "");
    zone.store->interests.drop(*joined.interest);
    assert_text(zone.fault(), "");
}

void test_dropped_topic_goes_with_the_inbox(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    zone.put("a", "1");
    assert_true(*zone.remove("a"));
    zone.store->interests.drop(*interest);
    assert_text(zone.fault(), "");
    assert_text(zone.inbox(worker), "");
    assert_int_equal(zone.memory.live_blocks(), blocks);
}

// A topic that is gone is let go of as soon as all of it is read, also by
// catch_up(), before its turn in the inbox comes.
void test_dropped_when_gone(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    zone.put("a", "1");
    assert_true(*zone.remove("a"));
    assert_false(zone.store->interests.drop_if_gone(*interest));
    Batch unread;
    Batch kept;
    zone.store->inboxes.catch_up(*interest, {}, {}, SIZE_MAX, unread, kept);
    assert_text(batch_text(unread), "1:1 gone");
    assert_true(zone.store->interests.drop_if_gone(*interest));
    assert_text(zone.fault(), "");
    assert_text(zone.inbox(worker), "");
    assert_int_equal(zone.memory.live_blocks(), blocks);
}

void test_catch_up(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a", "1", keeping(2));
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    for (const char* payload : {"2", "3", "4"}) {
        zone.put("a", payload, keeping(2));
    }
    ReadFrom from;
    from.kind = ReadFrom::Kind::last;
    from.last = 10;
    Batch unread;
    Batch kept;
    const ReadAnswer answer = zone.store->inboxes.catch_up(
        *interest, from, {}, SIZE_MAX, unread, kept);
    assert_text(batch_text(unread), "2:2 3:3 4:4");
    assert_text(batch_text(kept), "2:2 3:3 4:4");
    assert_int_equal(answer.newest.seq, 4);

    // What was read so is not in the inbox any more.
    assert_text(zone.inbox(worker), "");
    zone.put("a", "5", keeping(2));
    assert_int_equal(zone.waker.take().size(), 2);
    assert_text(zone.inbox(worker), "1 5:5");

    zone.put("a", "6", keeping(2));
    zone.store->inboxes.catch_up(*interest, {}, {}, SIZE_MAX, unread, kept);
    zone.put("a", "7", keeping(2));
    assert_text(batch_text(unread), "6:6");
    assert_text(batch_text(kept), "6:6");
    assert_text(zone.inbox(worker), "1 7:7");
}

// No more of it at a time than is asked for, and what is kept at last.
void test_catch_up_in_steps(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    for (const char* payload : {"1", "2", "3"}) {
        zone.put("a", payload);
    }
    Batch unread;
    Batch kept;
    const auto step = [&](size_t max_unread) {
        const ReadAnswer answer = zone.store->inboxes.catch_up(
            *interest, {}, {}, max_unread, unread, kept);
        assert_int_equal(answer.newest.seq, 3);
        return answer.unread;
    };
    assert_true(step(0));
    assert_text(batch_text(unread), "");
    for (const char* expected : {"1:1", "2:2"}) {
        assert_true(step(1));
        assert_text(batch_text(unread), expected);
        assert_true(kept.empty());
    }
    assert_false(step(1));
    assert_text(batch_text(unread), "3:3");
    assert_text(batch_text(kept), "3:3");
    assert_false(step(0));
    assert_text(batch_text(unread), "");
    assert_text(batch_text(kept), "3:3");
    assert_text(zone.inbox(worker), "");
}

void test_catch_up_in_an_absent_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    Batch unread;
    Batch kept;
    const ReadAnswer answer =
        zone.store->inboxes.catch_up(*interest, {}, {}, SIZE_MAX, unread, kept);
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
        cmocka_unit_test_setup_teardown(test_dropped_when_gone, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_catch_up, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_catch_up_in_steps, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_catch_up_in_an_absent_topic,
                                        make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
