// A zone that lost messages that somebody has seen: its topics go on under
// other epochs, and no position is taken for another.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint64_t kJump = 1UL << 32;

void begin_term(Zone& zone)
{
    zone.store->topics.begin_term(kJump);
}

Position put(Zone& zone, std::string_view payload)
{
    return zone.put("a", payload, keeping(9)).at;
}

void test_numbers_and_history_go_on(void** state)
{
    Zone& zone = state_of<Zone>(state);
    put(zone, "1");
    const Position before = put(zone, "2");
    begin_term(zone);
    // Nobody can mistake it yet.
    assert_true(zone.store->topics.newest("a") == before);
    const Position after = put(zone, "3");
    assert_int_equal(after.seq, 3);
    assert_true(after.epoch >= before.epoch + kJump);
    assert_text(zone.last("a", 9), "1:1 2:2 3:3");
    for (size_t i = 0; i < zone.batch.size(); i++) {
        assert_int_equal(zone.batch[i].message.at.epoch, after.epoch);
    }
    // Once a term.
    assert_true((put(zone, "4") == Position{after.epoch, 4}));
    // A topic that comes to be in it has nothing to fork from.
    assert_int_equal(zone.put("b", "1").at.epoch, after.epoch + 1);
}

void test_positions(void** state)
{
    Zone& zone = state_of<Zone>(state);
    put(zone, "1");
    const Position old = put(zone, "2");
    begin_term(zone);
    ReadAnswer answer = zone.ask_after("a", {old.epoch, 2});
    assert_true(answer.found);
    assert_int_equal(answer.was, 0);
    answer = zone.ask_after("a", {old.epoch, 3}); // one of the lost
    assert_false(answer.known);

    const Position now = put(zone, "3");
    answer = zone.ask_after("a", {old.epoch, 1});
    assert_true(answer.found && answer.known);
    assert_int_equal(answer.was, old.epoch);
    assert_true(answer.newest == now);
    assert_text(batch_text(zone.batch), "2:2 3:3");
    answer = zone.ask_after("a", {old.epoch, 2});
    assert_true(answer.found);
    assert_text(batch_text(zone.batch), "3:3");

    answer = zone.ask_after("a", {old.epoch, 3});
    assert_false(answer.found || answer.known);
    assert_text(batch_text(zone.batch), "1:1 2:2 3:3");
    // Epochs between the two were given to nobody here.
    assert_false(zone.ask_after("a", {old.epoch + 1, 1}).known);
    assert_true(zone.ask_after("a", {now.epoch, 1}).found);
}

void test_several_terms(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Position at[kMaxForkPoints + 2];
    for (Position& one : at) {
        one = put(zone, "x");
        begin_term(zone);
        begin_term(zone); // one in which nothing was published
    }
    const Position newest = put(zone, "x");
    for (size_t i = 0; i < std::size(at); i++) {
        const bool known = i >= std::size(at) - kMaxForkPoints;
        assert_int_equal(zone.ask_after("a", at[i]).known, known);
        assert_false(zone.ask_after("a", {at[i].epoch, at[i].seq + 1}).known);
    }
    assert_int_equal(newest.seq, std::size(at) + 1);
    assert_text(zone.fault(), "");
}

void test_conditions(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position old = put(zone, "1");
    begin_term(zone);
    Change change = Zone::publication("a", "2", keeping(9));
    change.condition = {Condition::Kind::at, old};
    assert_true(bool(zone.store->topics.publish(change)));
    assert_int_equal(error_of(zone.store->topics.publish(change)),
                     code_of(kConditionFails.code));
    change.condition.at.seq = 2; // never under that epoch
    assert_int_equal(error_of(zone.store->topics.publish(change)),
                     code_of(kConditionFails.code));
}

void test_keys_live_on(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Change change = Zone::publication("a", "1", keeping(9));
    change.idempotency_key = "k";
    const Position first = zone.store->topics.publish(change)->at;
    Change other = change;
    other.idempotency_key = "l";
    Position second;
    for (size_t i = 0; i < 3; i++) {
        begin_term(zone);
        const Position forked = put(zone, "2");
        assert_true(zone.store->topics.publish(change)->at == first);
        const auto again = zone.store->topics.publish(other);
        if (i == 0) {
            second = {forked.epoch, forked.seq + 1};
        }
        assert_true(again->at == second);
    }
    assert_int_equal(zone.store->topics.newest("a").seq, 5);
}

void test_a_topic_that_is_removed(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position old = put(zone, "1");
    begin_term(zone);
    const Position forked = put(zone, "2");
    assert_true(bool(zone.remove("a")));
    assert_text(zone.fault(), "");
    const Position anew = put(zone, "3");
    assert_int_equal(anew.seq, 1);
    assert_false(zone.ask_after("a", old).known);
    assert_false(zone.ask_after("a", forked).known);
    assert_text(zone.last("a", 9), "1:3");
}

void test_a_full_zone(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position old = put(zone, "1");
    begin_term(zone);
    zone.leave_room(0);
    const auto refused = zone.publish("a", std::string(100, 'x'), keeping(9));
    if (!refused) {
        assert_true(zone.store->topics.newest("a") == old);
    }
    assert_true(zone.ask_after("a", old).known);
    assert_text(zone.fault(), "");
}

// What is unread of both epochs comes in order.
void test_inbox(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    assert_true(bool(zone.store->interests.add(worker, "a", 1).interest));
    const Position old = put(zone, "1");
    begin_term(zone);
    const Position now = put(zone, "2");
    (void)zone.inbox(worker);
    assert_int_equal(zone.batch.size(), 2);
    assert_true(zone.batch[0].message.at == old);
    assert_true(zone.batch[1].message.at == now);
    assert_true(zone.store->topics.is_known("a", old));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_and_history_go_on,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_positions, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_several_terms, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_conditions, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_keys_live_on, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_a_topic_that_is_removed, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_a_full_zone, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_inbox, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
