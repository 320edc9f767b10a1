// Reading what a topic keeps: its value, its newest messages, those after a
// position; and what such a read cannot give.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// A topic "a" of which `kept` of `count` messages are kept.
uint64_t fill(Zone& zone, int count, uint32_t kept)
{
    ChangeAnswer answer;
    for (int i = 1; i <= count; i++) {
        answer = zone.put("a", "v" + std::to_string(i), keeping(kept - 1));
    }
    return answer.at.epoch;
}

void test_value(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_text(zone.read("a"), "");
    const uint64_t epoch = fill(zone, 3, 2);
    const ReadAnswer answer = zone.store->topics.read("a", {}, {}, zone.batch);
    assert_text(batch_text(zone.batch), "3:v3");
    assert_true((answer.newest == Position{epoch, 3}));
    assert_true(answer.found);
    assert_int_equal(answer.lost_from, 0);
    assert_false(answer.more);
}

void test_nothing(void** state)
{
    Zone& zone = state_of<Zone>(state);
    fill(zone, 3, 2);
    ReadFrom from;
    from.kind = ReadFrom::Kind::nothing;
    assert_text(zone.read("a", from), "");
    assert_int_equal(
        zone.store->topics.read("a", from, {}, zone.batch).newest.seq, 3);
}

void test_last(void** state)
{
    Zone& zone = state_of<Zone>(state);
    fill(zone, 5, 3);
    assert_text(zone.last("a", 0), "");
    assert_text(zone.last("a", 1), "5:v5");
    assert_text(zone.last("a", 2), "4:v4 5:v5");
    assert_text(zone.last("a", 3), "3:v3 4:v4 5:v5");
    assert_text(zone.last("a", 4), "3:v3 4:v4 5:v5");
    assert_text(zone.last("a", UINT32_MAX), "3:v3 4:v4 5:v5");
    assert_text(zone.last("b", 1), "");
}

void test_after(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const uint64_t epoch = fill(zone, 5, 3);
    ReadAnswer answer = zone.ask_after("a", {epoch, 3});
    assert_true(answer.found);
    assert_int_equal(answer.lost_from, 0);
    assert_text(batch_text(zone.batch), "4:v4 5:v5");

    // The last position of which nothing is lost.
    answer = zone.ask_after("a", {epoch, 2});
    assert_true(answer.found);
    assert_text(batch_text(zone.batch), "3:v3 4:v4 5:v5");

    // Nothing new.
    answer = zone.ask_after("a", {epoch, 5});
    assert_true(answer.found);
    assert_text(batch_text(zone.batch), "");
}

void test_after_what_is_lost(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const uint64_t epoch = fill(zone, 5, 3);
    const ReadAnswer answer = zone.ask_after("a", {epoch, 0});
    assert_false(answer.found);
    assert_int_equal(answer.lost_from, 1);
    assert_int_equal(answer.lost_to, 2);
    assert_text(batch_text(zone.batch), "3:v3 4:v4 5:v5");
}

void test_after_a_strange_position(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const uint64_t epoch = fill(zone, 5, 3);
    for (const Position at :
         {Position{epoch, 6}, Position{epoch + 1, 4}, Position{epoch - 1, 4},
          Position{epoch, UINT64_MAX}, Position{UINT64_MAX, 4}, Position{}}) {
        const ReadAnswer answer = zone.ask_after("a", at);
        assert_false(answer.found);
        assert_int_equal(answer.lost_from, 1);
        assert_int_equal(answer.lost_to, 2);
        assert_text(batch_text(zone.batch), "3:v3 4:v4 5:v5");
    }
}

void test_after_a_strange_position_with_nothing_lost(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const uint64_t epoch = fill(zone, 3, 5);
    for (const Position at : {Position{epoch, 4}, Position{epoch + 1, 1},
                              Position{epoch, UINT64_MAX}, Position{}}) {
        const ReadAnswer answer = zone.ask_after("a", at);
        assert_false(answer.found);
        assert_int_equal(answer.lost_from, 0);
        assert_text(batch_text(zone.batch), "1:v1 2:v2 3:v3");
    }
}

void test_after_in_a_topic_that_keeps_nothing(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const uint64_t epoch = zone.put("a", "1", keeping_nothing()).at.epoch;
    zone.put("a", "2", keeping_nothing());
    assert_true(zone.ask_after("a", {epoch, 2}).found);
    const ReadAnswer answer = zone.ask_after("a", {epoch, 1});
    assert_false(answer.found);
    assert_int_equal(answer.lost_from, 2);
    assert_int_equal(answer.lost_to, 2);
    assert_true(zone.batch.empty());
}

void test_after_in_no_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const ReadAnswer answer = zone.ask_after("a", {1, 1});
    assert_false(answer.found);
    assert_int_equal(answer.newest.epoch, 0);
}

void test_limits(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const uint64_t epoch = fill(zone, 5, 5);
    ReadFrom from;
    from.kind = ReadFrom::Kind::after;
    from.after = {epoch, 0};

    assert_text(zone.read("a", from, {2, SIZE_MAX}), "1:v1 2:v2");
    assert_true(
        zone.store->topics.read("a", from, {2, SIZE_MAX}, zone.batch).more);
    assert_false(
        zone.store->topics.read("a", from, {5, SIZE_MAX}, zone.batch).more);
    assert_text(zone.read("a", from, {SIZE_MAX, 6}), "1:v1 2:v2 3:v3");
    // One item always comes.
    assert_text(zone.read("a", from, {SIZE_MAX, 1}), "1:v1");
    assert_true(
        zone.store->topics.read("a", from, {SIZE_MAX, 1}, zone.batch).more);

    // Page by page.
    std::string all;
    ReadAnswer answer;
    do {
        answer = zone.store->topics.read("a", from, {2, SIZE_MAX}, zone.batch);
        all += batch_text(zone.batch) + ";";
        from.after = zone.batch[zone.batch.size() - 1].message.at;
    } while (answer.more);
    assert_text(all, "1:v1 2:v2;3:v3 4:v4;5:v5;");
}

// What a slow worker has not read yet is no history.
void test_unread_is_not_kept(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    const uint64_t epoch = fill(zone, 5, 2);
    assert_text(zone.last("a", 10), "4:v4 5:v5");
    assert_int_equal(zone.ask_after("a", {epoch, 0}).lost_to, 3);
    assert_text(batch_text(zone.batch), "4:v4 5:v5");
    assert_text(zone.inbox(worker), "1 1:v1 2:v2 3:v3 4:v4 5:v5");
}

// Nor are the messages of an earlier epoch.
void test_earlier_epoch(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    const uint64_t before = fill(zone, 3, 10);
    assert_true(*zone.remove("a"));
    assert_text(zone.last("a", 10), "");
    const uint64_t epoch = fill(zone, 2, 10);
    assert_text(zone.last("a", 10), "1:v1 2:v2");
    assert_text(zone.read("a"), "2:v2");
    const ReadAnswer answer = zone.ask_after("a", {before, 2});
    assert_false(answer.found);
    assert_text(batch_text(zone.batch), "1:v1 2:v2");
    assert_true(zone.ask_after("a", {epoch, 0}).found);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_value, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_nothing, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_last, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_after, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_after_what_is_lost, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_after_a_strange_position,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(
            test_after_a_strange_position_with_nothing_lost, make_zone,
            end_zone),
        cmocka_unit_test_setup_teardown(
            test_after_in_a_topic_that_keeps_nothing, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_after_in_no_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_limits, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_unread_is_not_kept, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_earlier_epoch, make_zone,
                                        end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
