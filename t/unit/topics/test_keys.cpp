// Idempotency keys: a publish that is repeated happens once.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

Change keyed(std::string_view topic, std::string_view payload,
             std::string_view key)
{
    Change publication = Zone::publication(topic, payload, keeping(10));
    publication.idempotency_key = key;
    return publication;
}

void test_first_answer_again(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    const SubscriberCount count{
        zone.store->interests.add(worker, "a", 1).interest, 3};
    zone.store->interests.set_subscribers({&count, 1});

    const auto first = zone.store->topics.publish(keyed("a", "1", "k"));
    zone.store->interests.drop(*count.interest);
    zone.put("a", "2", keeping(10));
    const auto again = zone.store->topics.publish(keyed("a", "1", "k"));
    assert_true(again->at == first->at);
    assert_int_equal(again->subscribers, 3);
    assert_text(zone.last("a", 10), "1:1 2:2");
}

void test_another_body(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_true(bool(zone.store->topics.publish(keyed("a", "1", "k"))));
    assert_int_equal(error_of(zone.store->topics.publish(keyed("a", "2", "k"))),
                     code_of(Errc::conflict));
    assert_text(zone.last("a", 10), "1:1");
}

void test_keys_belong_to_a_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_true(bool(zone.store->topics.publish(keyed("a", "1", "k"))));
    assert_int_equal(zone.store->topics.publish(keyed("b", "2", "k"))->at.seq,
                     1);
    assert_int_equal(zone.store->topics.publish(keyed("a", "3", "l"))->at.seq,
                     2);
}

// The answer is repeated though the condition holds no more: that is what the
// key is for.
void test_key_before_condition(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Change publication = keyed("a", "1", "k");
    publication.condition.kind = Condition::Kind::absent;
    const auto first = zone.store->topics.publish(publication);
    const auto again = zone.store->topics.publish(publication);
    assert_true(bool(again) && again->at == first->at);
}

// A publish that was refused leaves no key behind.
void test_refused_publish_has_no_key(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Change publication = keyed("a", "1", "k");
    publication.condition.kind = Condition::Kind::exists;
    assert_false(bool(zone.store->topics.publish(publication)));
    publication.condition.kind = Condition::Kind::none;
    assert_int_equal(zone.store->topics.publish(publication)->at.seq, 1);
}

void test_end_of_time(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_true(bool(zone.store->topics.publish(keyed("a", "1", "k"))));
    zone.clock.now += kIdempotencyTtlMs - 1;
    assert_int_equal(zone.store->topics.publish(keyed("a", "1", "k"))->at.seq,
                     1);
    zone.clock.now++;
    assert_int_equal(zone.store->topics.publish(keyed("a", "1", "k"))->at.seq,
                     2);
}

void test_the_systems_clock_is_set(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_true(bool(zone.store->topics.publish(keyed("a", "1", "k"))));
    zone.clock.step = 2 * kIdempotencyTtlMs;
    assert_int_equal(zone.store->topics.publish(keyed("a", "1", "k"))->at.seq,
                     1);
    zone.clock.step = -2 * kIdempotencyTtlMs;
    zone.clock.now += kIdempotencyTtlMs;
    assert_int_equal(zone.store->topics.publish(keyed("a", "1", "k"))->at.seq,
                     2);
}

void test_keys_are_forgotten(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "0", keeping_nothing());
    const size_t blocks = zone.memory.live_blocks();
    for (int i = 0; i < 50; i++) {
        const std::string key = std::to_string(i);
        zone.clock.now = kTestNowMs + i;
        Change publication = keyed("a", "x", key);
        publication.policy = keeping_nothing();
        assert_true(bool(zone.store->topics.publish(publication)));
    }
    assert_int_equal(zone.memory.live_blocks(), blocks + 50);
    zone.store->expire(kTestNowMs + kIdempotencyTtlMs + 24);
    assert_int_equal(zone.memory.live_blocks(), blocks + 25);
    assert_text(zone.fault(), "");
    // The younger ones hold still.
    assert_int_equal(
        error_of(zone.store->topics.publish(keyed("a", "y", "25"))),
        code_of(Errc::conflict));
    zone.store->expire(INT64_MAX);
    assert_int_equal(zone.memory.live_blocks(), blocks);
}

// A topic that is made anew has had no publishes.
void test_removed_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position before =
        zone.store->topics.publish(keyed("a", "1", "k"))->at;
    assert_true(*zone.remove("a"));
    const Position after = zone.store->topics.publish(keyed("a", "1", "k"))->at;
    assert_true(after.epoch > before.epoch);
    assert_true(zone.store->topics.publish(keyed("a", "1", "k"))->at == after);
}

void test_longest_key(void** state)
{
    Zone& zone = state_of<Zone>(state);
    std::string key(kMaxIdempotencyKeyBytes, 'k');
    assert_true(bool(zone.store->topics.publish(keyed("a", "1", key))));
    key.back() = 'l';
    assert_int_equal(zone.store->topics.publish(keyed("a", "1", key))->at.seq,
                     2);
    assert_int_equal(zone.store->topics.publish(keyed("a", "1", key))->at.seq,
                     2);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_answer_again, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_another_body, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_keys_belong_to_a_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_key_before_condition, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_refused_publish_has_no_key,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_end_of_time, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_the_systems_clock_is_set,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_keys_are_forgotten, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_removed_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_longest_key, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
