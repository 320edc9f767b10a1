// A full zone is ordinary: history goes before values, the oldest first; then
// a publish is refused, and nothing has changed.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Payloads of one size, so that one message makes room for another.
std::string big(int i)
{
    std::string text = std::to_string(i);
    text.resize(1000, '.');
    return text;
}

// The seqs of what a topic keeps.
std::string kept(Zone& zone, std::string_view topic)
{
    zone.last(topic, UINT32_MAX);
    std::string text;
    for (size_t i = 0; i < zone.batch.size(); i++) {
        text += std::to_string(zone.batch[i].message.at.seq) + ' ';
    }
    return text;
}

// What messages leave to subscribers.
size_t kept_free(const Zone& zone)
{
    const ShareBook& shares = zone.header->shares;
    return shares.subscribers - shares.held - shares.reading;
}

void leave_room_for_messages(Zone& zone, size_t bytes)
{
    zone.memory.set_budget(zone.memory.used_bytes() + kept_free(zone) + bytes);
}

const int kZoneFull = code_of(Errc::zone_full);

void test_history_goes_first(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("value", big(0));
    for (int i = 1; i <= 10; i++) {
        zone.put("a", big(i), keeping(20));
    }
    zone.leave_room(0);
    const Position before = zone.store->topics.newest("value");
    for (int i = 11; i <= 18; i++) {
        zone.put("a", big(i), keeping(20));
    }
    assert_true(kept(zone, "a").ends_with("17 18 "));
    assert_false(kept(zone, "a").starts_with("1 "));
    assert_text(zone.read("value"), "1:" + big(0));
    assert_true(zone.store->topics.newest("value") == before);
    assert_true(zone.store->status().totals.evicted >= 8);
    assert_int_equal(zone.memory.refusals(), 0);
}

// When there is no history left, idempotency keys of clients go: the oldest
// first. Those of applications stay.
void test_keys_make_room(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "x");
    Change publication = Zone::publication("a", "x");
    publication.idempotency_key = "order";
    assert_int_equal(zone.store->topics.publish(publication)->at.seq, 2);
    publication.key_share = KeyShare::client;
    for (int i = 0; i < 100; i++) {
        const std::string key = std::to_string(i);
        publication.idempotency_key = key;
        assert_true(bool(zone.store->topics.publish(publication)));
    }
    zone.leave_room(0);
    zone.put("b", big(0));
    assert_text(zone.read("a"), "102:x");
    publication.idempotency_key = "99";
    assert_int_equal(zone.store->topics.publish(publication)->at.seq, 102);
    publication.idempotency_key = "0";
    assert_int_equal(zone.store->topics.publish(publication)->at.seq, 103);
    while (zone.publish("c", big(0))) {
        zone.leave_room(0);
    }
    publication.key_share = KeyShare::application;
    publication.idempotency_key = "order";
    assert_int_equal(zone.store->topics.publish(publication)->at.seq, 2);
}

// Of whichever topic it is.
void test_oldest_goes_first(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (int i = 1; i <= 8; i++) {
        zone.put("a", big(i), keeping(20));
    }
    for (int i = 1; i <= 8; i++) {
        zone.put("b", big(i), keeping(20));
    }
    zone.leave_room(0);
    zone.put("b", big(9), keeping(20));
    assert_text(kept(zone, "a"), "5 6 7 8 ");
    assert_text(kept(zone, "b"), "1 2 3 4 5 6 7 8 9 ");
    for (int i = 10; i <= 17; i++) {
        zone.put("b", big(i), keeping(20));
    }
    // The value of "a" stays, though all of "b" is younger.
    assert_text(kept(zone, "a"), "8 ");
}

void test_only_values(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* topic : {"a", "b", "c"}) {
        zone.put(topic, big(0));
    }
    zone.leave_room(0);
    const ZoneStatus before = zone.store->status();
    assert_int_equal(error_of(zone.publish("d", big(1))), kZoneFull);
    assert_int_equal(error_of(zone.publish("a", big(1))), kZoneFull);
    for (const char* topic : {"a", "b", "c"}) {
        assert_text(zone.read(topic), "1:" + big(0));
    }
    assert_false(zone.exists("d"));
    const ZoneStatus after = zone.store->status();
    assert_int_equal(after.totals.refused, before.totals.refused + 2);
    assert_int_equal(after.totals.published, before.totals.published);
    assert_int_equal(after.totals.topics, 3);
    assert_int_equal(zone.memory.refusals(), 2);

    // When somebody makes room it goes on, with the next seq.
    assert_true(*zone.remove("b"));
    assert_int_equal(zone.put("a", big(1)).at.seq, 2);
}

void test_refused_publish_changes_nothing(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    zone.store->selectors.set_sessions(
        *zone.store->selectors.add(worker, *Selector::parse("b/*")), 1);
    zone.put("c", "x");
    zone.leave_room(500);
    const size_t blocks = zone.memory.live_blocks();
    const uint64_t next_epoch = zone.header->next_epoch;
    const std::string payload = big(0);
    for (const char* topic : {"a", "b/1"}) {
        Change publication = Zone::publication(topic, payload);
        publication.idempotency_key = "k";
        assert_int_equal(error_of(zone.store->topics.publish(publication)),
                         kZoneFull);
        assert_false(zone.exists(topic));
    }
    assert_true(zone.waker.take().empty());
    assert_text(zone.inbox(worker), "");
    assert_int_equal(zone.memory.live_blocks(), blocks);
    assert_int_equal(zone.header->next_epoch, next_epoch);
    assert_text(zone.fault(), "");

    // The key was not used either.
    zone.memory.set_budget(SIZE_MAX);
    Change publication = Zone::publication("a", "other");
    publication.idempotency_key = "k";
    assert_int_equal(zone.store->topics.publish(publication)->at.seq, 1);
    assert_int_equal(zone.waker.take().size(), 1);
}

// A worker that is too slow loses what it has not read, and can tell.
void test_unread_is_evicted(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    for (int i = 1; i <= 8; i++) {
        zone.put("a", big(i), keeping_nothing());
    }
    zone.leave_room(0);
    zone.put("a", big(9), keeping_nothing());
    assert_true(
        zone.store->inboxes.read(worker, SIZE_MAX, zone.delivery, zone.batch));
    assert_int_equal(zone.batch.size(), 5);
    assert_int_equal(zone.batch[0].message.at.seq, 5);
    assert_int_equal(zone.delivery.newest.seq, 9);
}

// All of it: then the position is all that it hears.
void test_all_unread_is_evicted(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    for (int i = 1; i <= 3; i++) {
        zone.put("a", big(i), keeping_nothing());
    }
    zone.leave_room(200);
    zone.put("b", big(1));
    assert_true(
        zone.store->inboxes.read(worker, SIZE_MAX, zone.delivery, zone.batch));
    assert_true(zone.batch.empty());
    assert_int_equal(zone.delivery.newest.seq, 3);
}

void test_readers_push_nothing_out(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    for (int i = 1; i <= 9; i++) {
        zone.put("a", "x", keeping(20));
    }
    zone.leave_room(0);
    assert_null(zone.store->interests.add(worker, "b", 1).interest);
    assert_null(zone.store->interests.add(worker, "a", 1).interest);
    assert_null(zone.store->selectors.add(worker, *Selector::parse("c/*")));
    assert_text(kept(zone, "a"), "1 2 3 4 5 6 7 8 9 ");
}

void test_readers_are_refused(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a", "x");
    zone.leave_room(0);
    const size_t blocks = zone.memory.live_blocks();
    assert_null(zone.store->interests.add(worker, "a", 1).interest);
    assert_null(zone.store->interests.add(worker, "b", 1).interest);
    assert_null(zone.store->selectors.add(worker, *Selector::parse("c/*")));
    assert_int_equal(zone.memory.live_blocks(), blocks);
}

// Whether there is room to tell its readers or not, a topic can be removed.
void test_remove_without_room(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    // Nothing is left of "a", all of "b" is read, nothing of "c".
    zone.store->interests.add(worker, "a", 1);
    zone.store->interests.add(worker, "b", 2);
    zone.put("a", "x", keeping_nothing());
    zone.put("b", "x");
    assert_text(zone.inbox(worker), "1 1:x");
    assert_text(zone.inbox(worker), "2 1:x");
    zone.store->interests.add(worker, "c", 3);
    zone.put("c", "x");
    zone.leave_room(0);
    for (const char* topic : {"a", "b"}) {
        assert_true(*zone.remove(topic));
        assert_false(zone.exists(topic));
        assert_text(zone.fault(), "");
        zone.leave_room(0);
    }
    assert_true(*zone.remove("c"));
    assert_text(zone.inbox(worker), "3 ");
    assert_int_equal(zone.delivery.newest.epoch, 0);
    for (const char* token : {"1 ", "2 "}) {
        assert_text(zone.inbox(worker), token);
        assert_int_equal(zone.delivery.newest.epoch, 0);
    }
    assert_text(zone.inbox(worker), "");
    assert_int_equal(zone.store->status().totals.topics, 0);
    // They may come again.
    zone.memory.set_budget(SIZE_MAX);
    zone.put("a", "y");
    assert_text(zone.inbox(worker), "1 1:y");
}

void test_remove_makes_room(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("a", "x", keeping(5));
    zone.put("a", "y", keeping(5));
    zone.store->interests.add(worker, "a", 1);
    zone.leave_room(0);
    assert_true(*zone.remove("a"));
    assert_text(zone.inbox(worker), "1 gone");
}

// Messages leave a part of the zone to those who read and remove.
void test_reserve(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    leave_room_for_messages(zone, 100'000);
    int values = 0;
    while (zone.publish("t/" + std::to_string(values), big(values))) {
        values++;
    }
    assert_true(values > 10);
    assert_true(zone.memory.free_bytes() >= zone.header->shares.subscribers);
    assert_non_null(zone.store->interests.add(worker, "t/0", 1).interest);
    assert_non_null(zone.store->selectors.add(worker, *Selector::parse("u/*")));
    assert_true(*zone.remove("t/0"));
}

// What a publish does beside its message is not repeated for every few items
// that it pushes out: whether it has to make room in what messages may use, or
// nothing at all is free.
void test_few_tries(void** state)
{
    Zone& zone = state_of<Zone>(state);
    constexpr size_t kWorkers = 50;
    for (size_t i = 0; i < kWorkers; i++) {
        const WorkerId worker = zone.attach();
        assert_non_null(
            zone.store->selectors.add(worker, *Selector::parse("new/*")));
    }
    for (int i = 0; i < 5000; i++) {
        zone.put("history", "x", keeping(5000));
    }
    int topics = 0;
    for (const bool reserve : {true, false}) {
        for (const size_t bytes : {1'000, 10'000, 100'000}) {
            reserve ? leave_room_for_messages(zone, 0) : zone.leave_room(0);
            const uint64_t evicted = zone.header->totals.evicted;
            zone.memory.take_allocations();
            zone.put("new/" + std::to_string(topics++),
                     std::string(bytes, 'y'));
            assert_true(zone.memory.take_allocations() < 8 * kWorkers);
            assert_true(zone.header->totals.evicted > evicted + bytes / 200);
        }
    }
}

// In a zone full of values each may be replaced, again and again, by one that
// is no larger; also where a worker has not read the old one.
void test_values_are_replaced(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "t/0", 1);
    leave_room_for_messages(zone, 100'000);
    int values = 0;
    while (zone.publish("t/" + std::to_string(values), big(values))) {
        values++;
    }
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < values; i++) {
            const std::string topic = "t/" + std::to_string(i);
            zone.put(topic, big(round), keeping(round % 2));
            assert_true(zone.memory.free_bytes() >= kept_free(zone));
        }
        assert_text(zone.fault(), "");
    }
    assert_int_equal(error_of(zone.publish("t/1", big(1) + big(2))), kZoneFull);
    assert_text(zone.read("t/1"), "6:" + big(4));
    assert_int_equal(error_of(zone.publish("new", big(1))), kZoneFull);
}

void test_too_large_for_any_room(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", big(1), keeping(5));
    zone.put("a", big(2), keeping(5));
    zone.leave_room(10'000);
    assert_int_equal(error_of(zone.publish("a", std::string(20'000, 'x'))),
                     kZoneFull);
    assert_true(kept(zone, "a").ends_with("2 "));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_history_goes_first, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_keys_make_room, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_oldest_goes_first, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_only_values, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_refused_publish_changes_nothing,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_unread_is_evicted, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_all_unread_is_evicted, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_readers_push_nothing_out,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_readers_are_refused, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_remove_without_room, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_remove_makes_room, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_reserve, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_few_tries, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_values_are_replaced, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_too_large_for_any_room, make_zone,
                                        end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
