// Numbers of messages, over all topics: what a reader with a cursor gets, and
// what it is told.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"
#include "topics/numbers.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

ReadFrom behind(uint64_t number)
{
    ReadFrom from;
    from.kind = ReadFrom::Kind::number;
    from.number = number;
    return from;
}

ReadAnswer ask(Zone& zone, std::string_view topic, uint64_t number)
{
    return zone.store->topics.read(topic, behind(number), {}, zone.batch);
}

void test_counts_over_topics(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Cursor none = zone.store->topics.cursor();
    assert_int_equal(none.number, 0);
    assert_true(none.zone != 0);
    zone.put("a", "1", keeping(9));
    zone.put("b", "2", keeping(9));
    zone.put("a", "3", keeping(9));
    assert_true((zone.store->topics.cursor() == Cursor{none.zone, 3}));
    assert_text(zone.read("a", behind(0)), "1:1 2:3");
    assert_text(zone.read("a", behind(1)), "2:3");
    assert_text(zone.read("a", behind(2)), "2:3");
    assert_text(zone.read("a", behind(3)), "");
    assert_text(zone.read("b", behind(1)), "1:2");
    assert_text(zone.read("b", behind(2)), "");
    assert_text(zone.read("c", behind(0)), "");
}

// That a topic is removed is.
void test_nothing_is_counted_that_was_not_taken(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1");
    Change change = Zone::publication("a", "2");
    change.condition.kind = Condition::Kind::absent;
    assert_false(bool(zone.store->topics.publish(change)));
    assert_int_equal(zone.store->topics.cursor().number, 1);
    assert_true(*zone.remove("a"));
    assert_int_equal(zone.store->topics.cursor().number, 2);
    assert_false(*zone.remove("a"));
    assert_int_equal(zone.store->topics.cursor().number, 2);
}

void test_gap_where_something_was_dropped(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* payload : {"1", "2", "3", "4"}) {
        zone.put("a", payload, keeping(1));
    }
    zone.put("b", "5");
    ReadAnswer answer = ask(zone, "a", 1);
    assert_false(answer.found);
    assert_int_equal(answer.lost_from, 1);
    assert_int_equal(answer.lost_to, 2);
    assert_text(batch_text(zone.batch), "3:3 4:4");
    answer = ask(zone, "a", 2); // had all that was dropped
    assert_true(answer.found);
    assert_int_equal(answer.lost_to, 0);
    assert_text(batch_text(zone.batch), "3:3 4:4");
    assert_true(ask(zone, "b", 2).found);
}

void test_gap_where_nothing_is_kept(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1", keeping_nothing());
    zone.put("a", "2", keeping_nothing());
    ReadAnswer answer = ask(zone, "a", 1);
    assert_false(answer.found);
    assert_int_equal(answer.lost_to, 2);
    assert_true(ask(zone, "a", 2).found);
}

// What its policy does not keep any more stays for a worker that is slow: that
// is no help to who comes back.
void test_gap_behind_what_a_worker_has_not_read(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    (void)zone.store->interests.add(worker, "a", 1);
    zone.put("a", "1");
    zone.put("a", "2");
    assert_false(ask(zone, "a", 0).found);
    assert_text(batch_text(zone.batch), "2:2");
    assert_true(ask(zone, "a", 1).found);
    assert_text(zone.inbox(worker), "1 1:1 2:2");
}

void test_a_topic_that_begins_anew(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1", keeping(9));
    zone.put("a", "2", keeping(9));
    assert_true(*zone.remove("a"));
    zone.put("a", "3", keeping(9));
    const ReadAnswer answer = ask(zone, "a", 1);
    assert_true(answer.found); // of this life it has all
    assert_text(batch_text(zone.batch), "1:3");
}

void test_too_old_counts_as_dropped(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Policy policy = keeping(9);
    policy.ttl_ms = 1000;
    zone.put("a", "1", policy);
    zone.clock.now += 600;
    zone.put("a", "2", policy);
    zone.clock.now += 600;
    assert_false(ask(zone, "a", 0).found);
    assert_text(batch_text(zone.batch), "2:2");
    assert_true(ask(zone, "a", 1).found);
    zone.clock.now += 600;
    assert_false(ask(zone, "a", 1).found);
    assert_text(batch_text(zone.batch), "");
}

void test_cursors_over_terms(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Topics& topics = zone.store->topics;
    zone.put("a", "1");
    zone.put("a", "2");
    const Cursor first = topics.cursor();
    topics.begin_term(1UL << 32);
    const Cursor second = topics.cursor();
    assert_true(second.zone != first.zone);
    assert_int_equal(second.number, 2);
    assert_true(topics.is_known(first));
    assert_true(topics.is_known(second));
    assert_false(topics.is_known({first.zone, 3})); // one of the lost
    zone.put("a", "3");
    assert_false(topics.is_known({first.zone, 3}));
    assert_true(topics.is_known({second.zone, 3}));
    assert_false(topics.is_known({second.zone, 4}));
    assert_false(topics.is_known({first.zone + 1, 1}));
    assert_false(topics.is_known({}));
}

void test_many_terms(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Topics& topics = zone.store->topics;
    Cursor at[kMaxNumberPoints + 2];
    for (Cursor& one : at) {
        zone.put("a", "x");
        one = topics.cursor();
        topics.begin_term(1UL << 32);
    }
    for (size_t i = 0; i < std::size(at); i++) {
        assert_int_equal(topics.is_known(at[i]), i >= 2);
        assert_false(topics.is_known({at[i].zone, at[i].number + 1}));
    }
}

// What a later fork has lost no earlier name of the zone makes good.
void test_a_fork_before_an_earlier_one(void** state)
{
    NumberBook book{};
    book.zone = 30;
    book.last = 9;
    book.count = 2;
    book.points[0] = {10, 5};
    book.points[1] = {20, 3};
    assert_true(Numbers::is_known(book, {10, 3}));
    assert_false(Numbers::is_known(book, {10, 4}));
    assert_true(Numbers::is_known(book, {20, 3}));
    assert_true(Numbers::is_known(book, {30, 9}));
    (void)state;
}

// A worker that has read all of its inbox has come to where the zone is; else
// to before the first that is unread.
void test_how_far_a_worker_has_come(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Inboxes& inboxes = zone.store->inboxes;
    zone.put("other", "1");
    for (const char* topic : {"a", "b"}) {
        (void)zone.store->interests.add(worker, topic, 1);
    }
    assert_int_equal(inboxes.cursor(worker)->number, 1);
    zone.put("a", "2", keeping(9));
    zone.put("b", "3", keeping(9));
    zone.put("a", "4", keeping(9));
    zone.put("other", "5");
    assert_int_equal(inboxes.cursor(worker)->number, 1);
    zone.inbox(worker); // all of a
    assert_int_equal(zone.batch.complete_to(), 2);
    assert_int_equal(inboxes.cursor(worker)->number, 2);
    zone.inbox(worker);
    assert_int_equal(zone.batch.complete_to(), 5);
    assert_int_equal(zone.batch.zone(), zone.store->topics.cursor().zone);
}

// One that is read in part goes to the end: from then on it is not known, until
// all was read.
void test_a_topic_that_is_read_in_part(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    for (const char* topic : {"a", "b"}) {
        (void)zone.store->interests.add(worker, topic, 1);
    }
    zone.put("a", "1", keeping(9));
    zone.put("a", "2", keeping(9));
    zone.put("b", "3", keeping(9));
    zone.inbox(worker, 1);
    assert_false(bool(zone.store->inboxes.cursor(worker)));
    zone.inbox(worker, 1);
    assert_int_equal(zone.batch.complete_to(), 0);
    zone.inbox(worker, 1);
    assert_int_equal(zone.batch.complete_to(), 3);
    zone.put("b", "4", keeping(9));
    zone.put("a", "5", keeping(9));
    zone.inbox(worker);
    assert_int_equal(zone.batch.complete_to(), 4);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_over_topics, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(
            test_nothing_is_counted_that_was_not_taken, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_gap_where_something_was_dropped,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_gap_where_nothing_is_kept,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(
            test_gap_behind_what_a_worker_has_not_read, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_a_topic_that_begins_anew,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_too_old_counts_as_dropped,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_cursors_over_terms, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_many_terms, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_a_fork_before_an_earlier_one,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_how_far_a_worker_has_come,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_a_topic_that_is_read_in_part,
                                        make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
