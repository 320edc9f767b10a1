// Who may have how much of a zone: subscribers, publishers and keys take
// nothing of each other. (That the counts are right is checked after each
// test.)
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kInterestBytes = 80; // as the heap takes it

// A zone of which messages and all else have so much, beyond what is kept.
void give_room(Zone& zone, size_t bytes)
{
    zone.memory.set_budget(zone.memory.used_bytes() +
                           zone.header->shares.subscribers + bytes);
}

// "t/12" as a name that is longer.
std::string name(std::string_view kind, int i)
{
    return std::string(kind) + "/a/rather/long/name/" + std::to_string(i);
}

// Fills the share with what `take` makes; returns how often that went well.
template <class Take>
int fill(Zone& zone, Take&& take)
{
    int taken = 0;
    while (take(taken)) {
        taken++;
        assert_true(taken < 100'000);
    }
    const ShareBook& shares = zone.header->shares;
    assert_true(shares.held <= shares.held_most);
    assert_true(shares.held + 1000 > shares.held_most);
    return taken;
}

// A zone whose room for messages is in use by history.
void put_history(Zone& zone)
{
    give_room(zone, 100'000);
    while (zone.store->status().totals.evicted == 0) {
        zone.put("hist", "message", keeping(10'000));
    }
}

struct Before {
    explicit Before(Zone& zone)
        : totals(zone.store->status().totals), blocks(zone.memory.live_blocks())
    {}
    TopicTotals totals;
    size_t blocks;
};

// Nothing was pushed out, and publishing goes on as before.
void assert_untouched(Zone& zone, const Before& before)
{
    const TopicTotals totals = zone.store->status().totals;
    assert_int_equal(totals.evicted, before.totals.evicted);
    assert_int_equal(totals.items, before.totals.items);
    zone.put("hist", "message", keeping(10'000));
    zone.put("new", "x");
}

void test_absent_topics(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    put_history(zone);
    const Before before(zone);
    const int taken = fill(zone, [&](int i) {
        return zone.store->interests.add(worker, name("t", i), 1).interest !=
               nullptr;
    });
    assert_true(taken > 500);
    assert_untouched(zone, before);
    // What there is can be subscribed to, and so can what is subscribed to.
    assert_non_null(zone.store->interests.add(worker, "hist", 1).interest);
    assert_non_null(
        zone.store->interests.add(worker, name("t", 0), 1).interest);
    // What ends makes room.
    for (const int i : {0, 1}) {
        zone.store->interests.drop(
            *zone.store->interests.add(worker, name("t", i), 1).interest);
    }
    assert_non_null(
        zone.store->interests.add(worker, name("t", taken), 1).interest);
}

void test_selectors(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    put_history(zone);
    const Before before(zone);
    fill(zone, [&](int i) {
        return zone.store->selectors.add(
                   worker, *Selector::parse(name("t", i) + "/*")) != nullptr;
    });
    assert_null(zone.store->selectors.add_overlap(worker, {"a/*", "a/**"}));
    assert_untouched(zone, before);
}

void test_overlaps(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    put_history(zone);
    const Before before(zone);
    fill(zone, [&](int i) {
        const std::string selector = name("t", i) + "/*";
        return zone.store->selectors.add_overlap(worker, {"t/**", selector}) !=
               nullptr;
    });
    assert_untouched(zone, before);
}

void test_presence(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.put("room", "x");
    Interest& interest = *zone.store->interests.add(worker, "room", 1).interest;
    put_history(zone);
    const Before before(zone);
    fill(zone, [&](int i) {
        return zone.store->presence.join(interest, name("who", i));
    });
    const PresenceList who = zone.store->presence.who("room", SIZE_MAX);
    assert_false(zone.store->presence.join(interest, "somebody"));
    // One more connection of somebody who is there takes nothing.
    assert_true(zone.store->presence.join(interest, who.who[0]));
    assert_int_equal(zone.store->presence.who("room", SIZE_MAX).connections,
                     who.connections + 1);
    assert_untouched(zone, before);
}

// A topic that comes to be is its publisher's, with the interests in it.
void test_a_topic_comes_and_goes(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const ShareBook& shares = zone.header->shares;
    const WorkerId worker = zone.attach();
    const WorkerId other = zone.attach();
    zone.store->selectors.set_sessions(
        *zone.store->selectors.add(other, *Selector::parse("a/*")), 1);
    const uint64_t selector = shares.held;
    zone.store->interests.add(worker, "a/1", 1);
    const uint64_t held = shares.held;
    assert_true(held > selector + kInterestBytes);
    assert_int_equal(shares.reading, 0);
    zone.put("a/1", "x");
    assert_int_equal(shares.held, selector);
    assert_int_equal(shares.reading, 2 * kInterestBytes);
    zone.put("a/1", "y");
    assert_int_equal(shares.reading, 2 * kInterestBytes);
    assert_true(*zone.remove("a/1"));
    assert_int_equal(shares.held, held + kInterestBytes);
    assert_int_equal(shares.reading, 0);
    zone.store->workers.detach(other);
    zone.store->workers.detach(worker);
    assert_int_equal(shares.held, 0);
}

// However full the share is, who has selectors hears of new topics.
void test_new_topics_are_told(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->selectors.set_sessions(
        *zone.store->selectors.add(worker, *Selector::parse("new/*")), 1);
    put_history(zone);
    fill(zone, [&](int i) {
        return zone.store->interests.add(worker, name("t", i), 1).interest !=
               nullptr;
    });
    for (int i = 0; i < 100; i++) {
        const std::string topic = "new/" + std::to_string(i);
        assert_int_equal(zone.put(topic, "x").subscribers, 1);
        assert_text(zone.inbox(worker), topic + " 1:x");
    }
}

// Beyond the share an interest in a topic that exists takes what is free, but
// leaves what is for nothing but what is held.
void test_interests_take_what_is_free(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const ShareBook& shares = zone.header->shares;
    const WorkerId worker = zone.attach();
    constexpr int kTopics = 6000;
    for (int i = 0; i < kTopics; i++) {
        zone.put(name("v", i), "x");
    }
    give_room(zone, 100'000);
    int interests = 0;
    while (
        interests < kTopics &&
        zone.store->interests.add(worker, name("v", interests), 1).interest !=
            nullptr) {
        interests++;
    }
    assert_true(interests < kTopics);
    assert_true(shares.reading > shares.subscribers);
    assert_true(zone.memory.free_bytes() >= shares.held_only);
    assert_true(zone.memory.free_bytes() < shares.held_only + 200);
    // Nor do messages take that.
    assert_int_equal(error_of(zone.publish("new", std::string(500, 'x'))),
                     code_of(Errc::zone_full));
    int held = 0;
    while (zone.store->interests.add(worker, name("t", held), 1).interest !=
           nullptr) {
        held++;
    }
    assert_true(shares.held + 1000 > shares.held_only);
    assert_true(held > 100);
}

// What subscribers have not used of their share is left free.
void test_messages_leave_the_share(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    give_room(zone, 100'000);
    int values = 0;
    while (zone.publish(name("v", values), "x")) {
        values++;
    }
    assert_true(values > 300);
    fill(zone, [&](int i) {
        return zone.store->interests.add(worker, name("t", i), 1).interest !=
               nullptr;
    });
    for (int i = 0; i < values; i++) {
        assert_non_null(
            zone.store->interests.add(worker, name("v", i), 1).interest);
    }
}

// A share that becomes larger is not made up for by refusing messages, but as
// history gives way to them.
void test_a_larger_share(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.store->divide({5, 10});
    put_history(zone);
    zone.store->divide({15, 10});
    const size_t free_bytes = zone.memory.free_bytes();
    assert_true(free_bytes < zone.header->shares.subscribers);
    for (int i = 0; i < 100; i++) {
        zone.put("hist", "message", keeping(10'000));
    }
    assert_true(zone.memory.free_bytes() > free_bytes);
    assert_int_equal(zone.memory.refusals(), 0);
}

Change keyed(std::string_view key, KeyShare owner)
{
    Change publication = Zone::publication("a", "x", keeping_nothing());
    publication.idempotency_key = key;
    publication.key_share = owner;
    return publication;
}

Result<ChangeAnswer> publish(Zone& zone, int key, KeyShare owner)
{
    return zone.store->topics.publish(keyed(std::to_string(key), owner));
}

// A key of an application is kept for its time; there are no more than fit.
void test_keys_of_applications(void** state)
{
    Zone& zone = state_of<Zone>(state);
    put_history(zone);
    int keys = 0;
    while (publish(zone, keys, KeyShare::application)) {
        keys++;
    }
    assert_true(keys > 1000);
    const ZoneStatus status = zone.store->status();
    assert_true(status.key_bytes[0] <= status.shares.keys_most);
    assert_true(status.key_bytes[0] + 200 > status.shares.keys_most);
    assert_int_equal(status.totals.refused, 1);
    assert_int_equal(publish(zone, 0, KeyShare::application)->at.seq, 1);
    zone.put("a", "x", keeping_nothing());
    // A client's still has room, and so has another one later.
    assert_true(bool(publish(zone, keys, KeyShare::client)));
    Change later = keyed("later", KeyShare::application);
    zone.clock.now += kIdempotencyTtlMs;
    assert_true(bool(zone.store->topics.publish(later)));
}

// Of clients' keys the oldest give way, to other clients' alone.
void test_keys_of_clients(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_int_equal(publish(zone, -1, KeyShare::application)->at.seq, 1);
    put_history(zone);
    const uint64_t most = zone.header->shares.keys_most;
    for (int i = 0; i < 3000; i++) {
        assert_true(bool(publish(zone, i, KeyShare::client)));
        assert_true(zone.store->status().key_bytes[1] <= most);
    }
    assert_int_equal(publish(zone, 2999, KeyShare::client)->at.seq, 3001);
    assert_int_equal(publish(zone, 0, KeyShare::client)->at.seq, 3002);
    assert_int_equal(publish(zone, -1, KeyShare::application)->at.seq, 1);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_zone = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_zone, end_zone, nullptr};
    };
    const CMUnitTest tests[] = {
        of_zone("test_absent_topics", test_absent_topics),
        of_zone("test_selectors", test_selectors),
        of_zone("test_overlaps", test_overlaps),
        of_zone("test_presence", test_presence),
        of_zone("test_a_topic_comes_and_goes", test_a_topic_comes_and_goes),
        of_zone("test_new_topics_are_told", test_new_topics_are_told),
        of_zone("test_interests_take_what_is_free",
                test_interests_take_what_is_free),
        of_zone("test_messages_leave_the_share", test_messages_leave_the_share),
        of_zone("test_a_larger_share", test_a_larger_share),
        of_zone("test_keys_of_applications", test_keys_of_applications),
        of_zone("test_keys_of_clients", test_keys_of_clients),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
