// Workers with selectors hear of topics that come to be.
#include <array>
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

SelectorRecord* select(Zone& zone, WorkerId worker, const char* text,
                       uint32_t sessions = 1)
{
    SelectorRecord* record =
        zone.store->selectors.add(worker, *Selector::parse(text));
    assert_non_null(record);
    zone.store->selectors.set_sessions(*record, sessions);
    return record;
}

void test_told_with_the_first_message(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    select(zone, worker, "a/*", 3);
    assert_int_equal(zone.put("a/1", "x").subscribers, 3);
    assert_int_equal(zone.waker.take().size(), 1);
    assert_int_equal(zone.put("b/1", "x").subscribers, 0);
    assert_int_equal(zone.put("a/1/2", "x").subscribers, 0);
    assert_text(zone.inbox(worker), "a/1 1:x");
    assert_text(zone.inbox(worker), "");

    zone.store->interests.claim(*zone.delivery.interest, 7);
    zone.put("a/1", "y");
    assert_text(zone.inbox(worker), "7 2:y");
}

// Whatever the text before the first wildcard is.
void test_every_shape(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* text :
         {"**", "*/*/c", "a/**", "a/*/c", "a/b/*", "a/b/**", "*/b/**"}) {
        const WorkerId worker = zone.attach();
        select(zone, worker, text);
        assert_int_equal(zone.put("a/b/c", "x").subscribers, 1);
        assert_text(zone.inbox(worker), "a/b/c 1:x");
        zone.store->workers.detach(worker);
        assert_true(*zone.remove("a/b/c"));
    }
    for (const char* text : {"*", "a/*", "a/b/c/*", "a/b/c/**", "b/**", "a/*/b",
                             "a/bb/*", "$a/**"}) {
        const WorkerId worker = zone.attach();
        select(zone, worker, text);
        assert_int_equal(zone.put("a/b/c", "x").subscribers, 0);
        assert_text(zone.inbox(worker), "");
        zone.store->workers.detach(worker);
        assert_true(*zone.remove("a/b/c"));
    }
}

void test_reserved(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    select(zone, worker, "**");
    select(zone, worker, "$sys/*");
    zone.put("$x/a", "x");
    assert_text(zone.inbox(worker), "");
    zone.put("$sys/a", "x");
    assert_text(zone.inbox(worker), "$sys/a 1:x");
}

void test_several_selectors_of_a_worker(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    select(zone, worker, "a/*", 2);
    select(zone, worker, "a/**", 3);
    select(zone, worker, "b/*", 4);
    assert_int_equal(zone.put("a/1", "x").subscribers, 5);
    assert_text(zone.inbox(worker), "a/1 1:x");
    assert_text(zone.inbox(worker), "");
}

// Sessions that have several of the selectors that match count once.
void test_overlap(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    select(zone, worker, "**", 5);
    select(zone, worker, "a/b/*", 3);
    select(zone, worker, "a/b/**", 2);
    SelectorRecord* overlap =
        zone.store->selectors.add_overlap(worker, {"**", "a/b/*", "a/b/**"});
    assert_non_null(overlap);
    zone.store->selectors.set_sessions(*overlap, 2);
    assert_int_equal(zone.put("a/b/c", "x").subscribers, 5 + 3 + 2 - 2 * 2);
    assert_int_equal(zone.put("a/b/c/d", "x").subscribers, 5 + 2 - 2);
    assert_int_equal(zone.put("a/c", "x").subscribers, 5);
    zone.store->selectors.remove(*overlap);
    assert_int_equal(zone.put("a/b/d", "x").subscribers, 5 + 3 + 2);
}

// While a session moves from one overlap to another it is in both: fewer may be
// counted then, but no more than there are.
void test_overlap_changes(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    select(zone, worker, "a/*");
    select(zone, worker, "a/**");
    SelectorRecord* before =
        zone.store->selectors.add_overlap(worker, {"a/*", "a/**"});
    zone.store->selectors.set_sessions(*before, 1);
    assert_int_equal(zone.put("a/y", "x").subscribers, 1);
    SelectorRecord* widest = select(zone, worker, "*/x", 0);
    SelectorRecord* now =
        zone.store->selectors.add_overlap(worker, {"*/x", "a/*", "a/**"});
    zone.store->selectors.set_sessions(*now, 1);
    assert_true(zone.put("a/x", "x").subscribers <= 1);
    zone.store->selectors.remove(*before);
    zone.store->selectors.set_sessions(*widest, 1);
    assert_int_equal(zone.put("b/x", "x").subscribers, 1);
    assert_int_equal(zone.put("a/z", "x").subscribers, 1);
}

// Wherever the selectors part, it is found.
void test_overlap_of_different_prefixes(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const auto& selectors : {std::array{"a/*/c", "a/b/*", "**"},
                                  std::array{"a/b/*", "a/*/c", "*/*/*"},
                                  std::array{"*/*/c", "a/**", "*/b/**"}}) {
        const WorkerId worker = zone.attach();
        for (const char* selector : selectors) {
            select(zone, worker, selector);
        }
        zone.store->selectors.set_sessions(
            *zone.store->selectors.add_overlap(
                worker, {selectors.begin(), selectors.end()}),
            1);
        assert_int_equal(zone.put("a/b/c", "x").subscribers, 1);
        zone.store->workers.detach(worker);
        assert_true(*zone.remove("a/b/c"));
    }
}

void test_several_workers(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId first = zone.attach();
    const WorkerId second = zone.attach();
    select(zone, first, "a/*", 2);
    select(zone, second, "**", 3);
    assert_int_equal(zone.put("a/1", "x").subscribers, 5);
    assert_int_equal(zone.waker.take().size(), 2);
    assert_text(zone.inbox(first), "a/1 1:x");
    assert_text(zone.inbox(second), "a/1 1:x");
}

// A topic that was there before is not told of: the worker has looked.
void test_only_new_topics(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a/1", "x");
    select(zone, worker, "a/*");
    assert_int_equal(zone.put("a/1", "y").subscribers, 0);
    assert_text(zone.inbox(worker), "");
}

void test_a_new_epoch_is_told(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a/1", "x");
    select(zone, worker, "a/*");
    assert_true(*zone.remove("a/1"));
    zone.put("a/1", "y");
    assert_text(zone.inbox(worker), "a/1 1:y");
}

// An interest that the worker has already is not told again, and its own
// count stands.
void test_known_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    select(zone, worker, "a/*", 5);
    const SubscriberCount count{
        zone.store->interests.add(worker, "a/1", 9).interest, 2};
    zone.store->interests.set_subscribers({&count, 1});
    assert_int_equal(zone.put("a/1", "x").subscribers, 2);
    assert_text(zone.inbox(worker), "9 1:x");
    assert_text(zone.inbox(worker), "");
}

// Whoever adds the interest for itself gets what waits there.
void test_claimed_before_it_was_read(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    select(zone, worker, "a/*");
    zone.put("a/1", "x");
    const AddedInterest joined = zone.store->interests.add(worker, "a/1", 4);
    assert_true(joined.unread);
    assert_text(zone.inbox(worker), "4 1:x");
}

void test_sessions_change(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    SelectorRecord* record = select(zone, worker, "a/*", 2);
    zone.store->selectors.set_sessions(*record, 6);
    assert_int_equal(zone.put("a/1", "x").subscribers, 6);
}

void test_removed_selector(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    SelectorRecord* first = select(zone, worker, "a/*");
    SelectorRecord* second = select(zone, worker, "a/*");
    SelectorRecord* third = select(zone, worker, "b/*");
    zone.store->selectors.remove(*second);
    assert_text(zone.fault(), "");
    assert_int_equal(zone.put("a/1", "x").subscribers, 1);
    zone.store->selectors.remove(*first);
    assert_int_equal(zone.put("a/2", "x").subscribers, 0);
    assert_int_equal(zone.put("b/2", "x").subscribers, 1);
    zone.store->selectors.remove(*third);
}

void test_longest_selector(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    std::string topic(kMaxTopicBytes - 2, 'a');
    select(zone, worker, (topic + "/*").c_str());
    topic += "/b";
    zone.put(topic, "x");
    assert_text(zone.inbox(worker), topic + " 1:x");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_told_with_the_first_message,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_every_shape, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_reserved, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_several_selectors_of_a_worker,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_overlap, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_overlap_changes, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_overlap_of_different_prefixes,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_several_workers, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_only_new_topics, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_a_new_epoch_is_told, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_known_topic, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_claimed_before_it_was_read,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_sessions_change, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_removed_selector, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_longest_selector, make_zone,
                                        end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
