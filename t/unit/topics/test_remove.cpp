// Removing topics: what stays, and who is told.
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_nothing_stays(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    zone.put("a", "1", keeping(5));
    zone.put("a", "2", keeping(5));
    assert_true(*zone.remove("a"));
    assert_false(zone.exists("a"));
    assert_text(zone.last("a", 10), "");
    assert_int_equal(zone.memory.live_blocks(), blocks);
    assert_int_equal(zone.store->status().totals.topics, 0);
}

void test_no_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_false(*zone.remove("a"));
    zone.put("a", "1");
    assert_true(*zone.remove("a"));
    assert_false(*zone.remove("a"));
}

// Somebody waits for it, so the record is there, but no topic.
void test_awaited_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    assert_false(*zone.remove("a"));
    assert_text(zone.inbox(worker), "");
}

void test_readers_are_told(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a", "1");
    zone.store->interests.add(worker, "a", 1);
    assert_true(*zone.remove("a"));
    assert_text(zone.inbox(worker), "1 gone");
    assert_int_equal(zone.delivery.newest.epoch, 0);
    assert_text(zone.inbox(worker), "");
}

// Also what was there before, and what comes after, in order.
void test_messages_around(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    zone.put("a", "x");
    assert_true(*zone.remove("a"));
    const Position at = zone.put("a", "y").at;
    assert_text(zone.inbox(worker), "1 1:x gone 1:y");
    assert_true(zone.delivery.newest == at);
    assert_true(zone.batch[0].message.at.epoch < at.epoch);
    assert_true(zone.batch[1].message.at == zone.batch[0].message.at);
    assert_true(zone.batch[2].message.at == at);
}

void test_again_and_again(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    Interest* interest = zone.store->interests.add(worker, "a", 1).interest;
    for (int i = 0; i < 3; i++) {
        zone.put("a", "x", keeping(3));
        assert_true(*zone.remove("a"));
    }
    assert_text(zone.inbox(worker), "1 1:x gone 1:x gone 1:x gone");
    zone.store->interests.drop(*interest);
    assert_int_equal(zone.store->status().totals.items, 0);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_stays, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_no_topic, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_awaited_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_readers_are_told, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_messages_around, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_again_and_again, make_zone,
                                        end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
