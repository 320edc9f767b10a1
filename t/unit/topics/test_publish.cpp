// What publishing does: positions, conditions, and what a topic keeps.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_seqs_count_up(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position first = zone.put("a", "1").at;
    const Position second = zone.put("a", "2").at;
    assert_int_equal(first.seq, 1);
    assert_int_equal(second.seq, 2);
    assert_true(first.epoch != 0 && second.epoch == first.epoch);
    assert_true(zone.store->topics.newest("a") == second);
    // Each topic counts for itself.
    assert_int_equal(zone.put("b", "1").at.seq, 1);
}

void test_epochs(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position a = zone.put("a", "1").at;
    const Position b = zone.put("b", "1").at;
    assert_true(b.epoch > a.epoch);
    assert_true(*zone.remove("a"));
    const Position again = zone.put("a", "1").at;
    assert_true(again.epoch > b.epoch);
    assert_int_equal(again.seq, 1);
}

// A position of a zone that is no more means nothing in its successor.
void test_epochs_of_a_later_zone(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position before = zone.put("a", "1").at;
    HeapMemory memory;
    zone.clock.now++;
    ZoneHeader* header =
        Store::create(memory, kTestZoneBytes, {1, 2}, zone.clock);
    Store later(memory, zone.waker, *header, zone.clock);
    const auto after = later.topics.publish(Zone::publication("a", "1"));
    assert_true(after->at.epoch > before.epoch);
}

void test_message_is_kept_whole(void** state)
{
    Zone& zone = state_of<Zone>(state);
    using namespace std::string_view_literals;
    Change publication = Zone::publication("a", "\0x\xff"sv);
    publication.kind = PayloadKind::binary;
    publication.content_type = "image/png";
    publication.now_ms = 42;
    const Position at = zone.store->topics.publish(publication)->at;
    zone.read("a");
    assert_int_equal(zone.batch.size(), 1);
    const Message message = zone.batch[0].message;
    assert_true(message.at == at);
    assert_int_equal(message.time_ms, 42);
    assert_true(message.kind == PayloadKind::binary);
    assert_text(message.content_type, "image/png");
    assert_true(message.payload == "\0x\xff"sv);
}

void test_empty_and_large_payloads(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "");
    assert_text(zone.read("a"), "1:");
    const std::string large(300'000, 'x');
    zone.put("a", large);
    assert_text(zone.read("a"), "2:" + large);
}

void test_longest_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string topic(kMaxTopicBytes, 'a');
    zone.put(topic, "1");
    assert_text(zone.read(topic), "1:1");
}

void test_retain(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1");
    zone.put("a", "2");
    assert_text(zone.read("a"), "2:2");
    assert_text(zone.last("a", 10), "2:2");

    zone.put("b", "1", keeping_nothing());
    assert_text(zone.read("b"), "");
    assert_text(zone.last("b", 10), "");
    // Without messages it is a topic still.
    assert_int_equal(zone.store->topics.newest("b").seq, 1);
}

void test_history(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* payload : {"1", "2", "3", "4"}) {
        zone.put("a", payload, keeping(2));
    }
    assert_text(zone.last("a", 10), "2:2 3:3 4:4");

    Policy unretained = keeping(2);
    unretained.retain = false;
    for (const char* payload : {"1", "2", "3", "4"}) {
        zone.put("b", payload, unretained);
    }
    assert_text(zone.last("b", 10), "3:3 4:4");
    assert_text(zone.read("b"), "");
}

// After a reload with another configuration.
void test_policy_changes(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* payload : {"1", "2", "3"}) {
        zone.put("a", payload, keeping(5));
    }
    zone.put("a", "4", keeping(1));
    assert_text(zone.last("a", 10), "3:3 4:4");
    zone.put("a", "5", keeping_nothing());
    assert_text(zone.last("a", 10), "");
    zone.put("a", "6", keeping(5));
    assert_text(zone.last("a", 10), "6:6");
    zone.put("a", "7", keeping(5));
    assert_text(zone.last("a", 10), "6:6 7:7");
}

void test_conditions(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const auto publish = [&](Condition condition) {
        Change publication = Zone::publication("a", "x");
        publication.condition = condition;
        return error_of(zone.store->topics.publish(publication));
    };
    const int conflict = code_of(Errc::conflict);
    using Kind = Condition::Kind;

    // Not there: none of these makes it.
    assert_int_equal(publish({Kind::exists, {}}), conflict);
    assert_int_equal(publish({Kind::at, {1, 1}}), conflict);
    assert_int_equal(publish({Kind::at, {}}), conflict);
    assert_false(zone.exists("a"));
    assert_text(zone.fault(), "");

    assert_int_equal(publish({Kind::absent, {}}), 0);
    const Position at = zone.store->topics.newest("a");
    assert_int_equal(publish({Kind::absent, {}}), conflict);
    assert_int_equal(publish({Kind::at, {at.epoch, 2}}), conflict);
    assert_int_equal(publish({Kind::at, {at.epoch - 1, 1}}), conflict);
    assert_true(zone.store->topics.newest("a") == at);
    assert_int_equal(publish({Kind::at, at}), 0);
    assert_int_equal(publish({Kind::at, at}), conflict); // it moved on
    assert_int_equal(publish({Kind::exists, {}}), 0);
    assert_int_equal(zone.store->topics.newest("a").seq, 3);
}

// A topic that was removed, or that somebody only waits for, is not there.
void test_conditions_of_an_absent_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    AddedInterest joined = zone.store->interests.add(worker, "a", 1);
    Change publication = Zone::publication("a", "x");
    publication.condition.kind = Condition::Kind::exists;
    assert_false(bool(zone.store->topics.publish(publication)));
    publication.condition.kind = Condition::Kind::absent;
    assert_true(bool(zone.store->topics.publish(publication)));
    assert_true(*zone.remove("a"));
    assert_true(bool(zone.store->topics.publish(publication)));
    zone.store->interests.drop(*joined.interest);
    zone.inbox(worker);
}

void test_subscribers_of_all_workers(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_int_equal(zone.put("a", "1").subscribers, 0);
    for (const uint32_t sessions : {3, 4}) {
        const WorkerId worker = zone.attach();
        const SubscriberCount count{
            zone.store->interests.add(worker, "a", 1).interest, sessions};
        zone.store->interests.set_subscribers({&count, 1});
    }
    assert_int_equal(zone.put("a", "2").subscribers, 7);
    assert_int_equal(zone.put("b", "1").subscribers, 0);
}

void test_totals(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1");
    zone.put("a", "2", keeping(5));
    zone.put("b", "1");
    const ZoneStatus status = zone.store->status();
    assert_int_equal(status.totals.topics, 2);
    assert_int_equal(status.totals.published, 3);
    assert_int_equal(status.totals.refused, 0);
    assert_int_equal(status.zone_bytes, kTestZoneBytes);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_seqs_count_up, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_epochs, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_epochs_of_a_later_zone, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_message_is_kept_whole, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_empty_and_large_payloads,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_longest_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_retain, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_history, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_policy_changes, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_conditions, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_conditions_of_an_absent_topic,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_subscribers_of_all_workers,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_totals, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
