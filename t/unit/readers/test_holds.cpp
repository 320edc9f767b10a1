// However much there is to be freed, one hold of the lock frees a part of it,
// so that nobody else waits for long; and in the end all of it is gone.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// More blocks than any hold of the lock gives back, and what one may.
constexpr unsigned kMany = 6000;
constexpr size_t kMostInAHold = 2100;

struct Holds {
    Holds() { zone.memory.take_longest_hold(); }

    std::string name(unsigned n) { return "t/" + std::to_string(n); }
    void expect_short()
    {
        const size_t longest = zone.memory.take_longest_hold();
        assert_in_range(longest, 1, kMostInAHold);
    }
    // What is left to be done is done turn by turn.
    void finish()
    {
        while (zone.store->expire(zone.clock.now)) {
        }
        expect_short();
        assert_text(zone.fault(), "");
    }

    Zone zone{16 * kTestZoneBytes};
    WorkerId worker = zone.attach();
    WorkerId other = zone.attach();
    size_t blocks = zone.memory.live_blocks();
};

bool nobody_lives(const ProcessId& /*process*/)
{
    return false;
}

void get_busy(Holds& holds)
{
    for (unsigned n = 0; n < kMany; n++) {
        const Interest* interest =
            holds.zone.store->interests.add(holds.worker, holds.name(n), 1)
                .interest;
        assert_non_null(interest);
        if (n % 8 == 0) {
            assert_true(holds.zone.store->presence.join(*interest, "ann"));
        }
        holds.zone.store->selectors.add(
            holds.worker, *Selector::parse("*/" + std::to_string(n)));
    }
}

void test_dead_worker(void** state)
{
    Holds& holds = state_of<Holds>(state);
    get_busy(holds);
    holds.zone.memory.take_longest_hold();
    assert_int_equal(holds.zone.store->workers.reap_dead(nobody_lives), 2);
    assert_int_equal(holds.zone.store->workers.reap_dead(nobody_lives), 0);
    assert_int_equal(holds.zone.store->status().workers, 0);
    holds.expect_short();
    assert_text(holds.zone.fault(), "");
    // Nobody gets its place as long as there is something in it.
    const WorkerId next = *holds.zone.store->workers.attach({77});
    assert_int_not_equal(next, holds.worker);
    holds.zone.store->workers.detach(next);
    while (holds.zone.store->workers.reap_some()) {
    }
    holds.expect_short();
    assert_int_equal(*holds.zone.store->workers.attach({77}), holds.worker);
    holds.zone.clock.now += kPresenceGraceMs;
    holds.finish();
    assert_int_equal(holds.zone.memory.live_blocks(), holds.blocks);
}

void test_worker_that_ends(void** state)
{
    Holds& holds = state_of<Holds>(state);
    get_busy(holds);
    holds.zone.memory.take_longest_hold();
    holds.zone.store->workers.detach(holds.worker);
    holds.expect_short();
    assert_int_equal(*holds.zone.store->workers.attach({77}), holds.worker);
    holds.zone.clock.now += kPresenceGraceMs;
    holds.finish();
    assert_int_equal(holds.zone.memory.live_blocks(), holds.blocks);
}

void fill(Holds& holds, const Policy& policy)
{
    for (unsigned n = 0; n < kMany; n++) {
        holds.zone.put("a", "x", policy);
    }
    holds.zone.memory.take_longest_hold();
}

void test_removed_history(void** state)
{
    Holds& holds = state_of<Holds>(state);
    fill(holds, keeping(kMany));
    assert_true(*holds.zone.remove("a"));
    holds.expect_short();
    assert_text(holds.zone.fault(), "");
    // It may come again meanwhile.
    holds.zone.put("a", "y", keeping(2));
    assert_text(holds.zone.last("a", 9), "1:y");
    holds.finish();
    assert_text(holds.zone.last("a", 9), "1:y");
    assert_true(*holds.zone.remove("a"));
    assert_int_equal(holds.zone.memory.live_blocks(), holds.blocks);
}

void test_policy_that_keeps_less(void** state)
{
    Holds& holds = state_of<Holds>(state);
    fill(holds, keeping(kMany));
    holds.zone.put("a", "y", keeping(1));
    holds.expect_short();
    assert_text(holds.zone.last("a", 9), "6000:x 6001:y");
    holds.finish();
    assert_int_equal(holds.zone.store->status().totals.items, 2);
}

// What only a slow worker had not read yet.
void test_backlog_of_a_worker(void** state)
{
    Holds& holds = state_of<Holds>(state);
    Interest& slow =
        *holds.zone.store->interests.add(holds.worker, "a", 1).interest;
    fill(holds, keeping_nothing());
    holds.zone.store->interests.drop(slow);
    holds.expect_short();
    assert_text(holds.zone.inbox(holds.worker), "");
    holds.finish();
    assert_true(*holds.zone.remove("a"));
    assert_int_equal(holds.zone.memory.live_blocks(), holds.blocks);
}

void test_dropped_while_unread(void** state)
{
    Holds& holds = state_of<Holds>(state);
    for (unsigned n = 0; n < kMany; n++) {
        Interest* interest =
            holds.zone.store->interests.add(holds.worker, holds.name(n), 1)
                .interest;
        holds.zone.put(holds.name(n), "x");
        holds.zone.store->interests.drop(*interest);
    }
    holds.zone.memory.take_longest_hold();
    Delivery delivery;
    Batch batch;
    while (holds.zone.store->inboxes.read(holds.worker, SIZE_MAX, delivery,
                                          batch)) {
        assert_null(delivery.interest);
    }
    holds.expect_short();
}

void publish_keyed(Holds& holds, const std::string& key)
{
    Change publication = Zone::publication("a", "x");
    publication.idempotency_key = key;
    publication.now_ms = holds.zone.clock.now;
    assert_true(bool(holds.zone.store->topics.publish(publication)));
}

void test_keys_that_end_together(void** state)
{
    Holds& holds = state_of<Holds>(state);
    for (unsigned n = 0; n < kMany; n++) {
        publish_keyed(holds, holds.name(n));
    }
    holds.zone.clock.now += kIdempotencyTtlMs;
    holds.zone.memory.take_longest_hold();
    // Each is as good as gone at once.
    publish_keyed(holds, holds.name(kMany - 1));
    assert_int_equal(holds.zone.store->topics.newest("a").seq, kMany + 1);
    holds.expect_short();
    holds.finish();
    assert_true(*holds.zone.remove("a"));
    assert_int_equal(holds.zone.memory.live_blocks(), holds.blocks + 1);
}

// What nobody needs makes room before history of others does.
void test_full_zone(void** state)
{
    Holds& holds = state_of<Holds>(state);
    for (const char* value : {"1", "2", "3"}) {
        holds.zone.put("b", value, keeping(2));
    }
    fill(holds, keeping(kMany));
    assert_true(*holds.zone.remove("a"));
    holds.zone.leave_room(0);
    for (unsigned n = 0; n < 100; n++) {
        holds.zone.put("c", "x", keeping(200));
    }
    assert_text(holds.zone.last("b", 9), "1:1 2:2 3:3");
    assert_int_equal(holds.zone.store->status().totals.evicted, 0);
    holds.finish();
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_holds = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Holds>, destroy_state<Holds>,
                          nullptr};
    };
    const CMUnitTest tests[] = {
        of_holds("test_dead_worker", test_dead_worker),
        of_holds("test_worker_that_ends", test_worker_that_ends),
        of_holds("test_removed_history", test_removed_history),
        of_holds("test_policy_that_keeps_less", test_policy_that_keeps_less),
        of_holds("test_backlog_of_a_worker", test_backlog_of_a_worker),
        of_holds("test_dropped_while_unread", test_dropped_while_unread),
        of_holds("test_keys_that_end_together", test_keys_that_end_together),
        of_holds("test_full_zone", test_full_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
