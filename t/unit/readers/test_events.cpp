// Events: of sessions, of topics that somebody is subscribed to, and of what is
// published; what is lost of them, and who is told of a worker's end.
#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "json/text.hpp"
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr std::string_view kAnn = R"("session":"1","user":"ann")";

EventRules all_rules()
{
    EventRules rules;
    rules.sessions = true;
    rules.topics = Selector::parse("**");
    rules.publishes = Selector::parse("chat/**");
    for (Policy& policy : rules.policies) {
        policy = keeping(1000);
    }
    return rules;
}

struct Told {
    Told() { zone.store->events.follow(all_rules()); }

    // What was told since the last call, without the time.
    std::string told(EventTopic topic)
    {
        Position& seen = seen_[index_of(topic)];
        ReadFrom from;
        from.kind = ReadFrom::Kind::after;
        from.after = seen;
        zone.store->topics.read(path_of(topic), from, {}, zone.batch);
        std::string text;
        for (size_t i = 0; i < zone.batch.size(); i++) {
            seen = zone.batch[i].message.at;
            std::string one(zone.batch[i].message.payload);
            const size_t time = one.find(",\"time\":");
            const size_t end = one.find_first_of(",}", time + 1);
            text += text.empty() ? "" : " ";
            text += one.erase(time, end - time);
        }
        return text;
    }
    std::string sessions() { return told(EventTopic::sessions); }
    std::string topics() { return told(EventTopic::topics); }

    void set(Interest& interest, uint32_t sessions)
    {
        const SubscriberCount count{&interest, sessions};
        zone.store->interests.set_subscribers({&count, 1});
    }
    Interest& subscribe(WorkerId worker, std::string_view topic)
    {
        Interest& interest =
            *zone.store->interests.add(worker, topic, worker + 1U).interest;
        set(interest, 1);
        return interest;
    }
    void pass(int64_t ms)
    {
        zone.clock.now += ms;
        while (zone.store->expire(zone.clock.now)) {
        }
    }

    Zone zone;
    WorkerId first = zone.attach();
    WorkerId second = zone.attach();

private:
    Position seen_[kEventTopics];
};

int end_told(void** state)
{
    const std::string fault = state_of<Told>(state).zone.fault();
    if (!fault.empty()) {
        print_error("the zone: %s\n", fault.c_str());
    }
    destroy_state<Told>(state);
    return fault.empty() ? 0 : -1;
}

std::string occupied(std::string_view topic)
{
    return R"({"event":"occupied","topic":")" + std::string(topic) + "\"}";
}

std::string vacated(std::string_view topic)
{
    return R"({"event":"vacated","topic":")" + std::string(topic) + "\"}";
}

void test_a_session(void** state)
{
    auto& told = state_of<Told>(state);
    SessionRecords& records = told.zone.store->sessions;
    SessionRecord* record = records.open(told.first, kAnn);
    assert_non_null(record);
    assert_text(told.sessions(),
                R"({"event":"open","session":"1","user":"ann"})");
    told.zone.clock.now += 1500;
    records.close(record, 1001, {3, 4});
    assert_text(told.sessions(),
                R"({"event":"close","session":"1","user":"ann","code":1001,)"
                R"("duration":1500,"in":3,"out":4})");
}

void test_sessions_of_a_dead_worker(void** state)
{
    auto& told = state_of<Told>(state);
    SessionRecords& records = told.zone.store->sessions;
    for (size_t i = 0; i < 100; i++) {
        records.open(told.first, "\"session\":\"" + std::to_string(i) + '"');
    }
    (void)told.sessions();
    told.zone.store->workers.detach(told.first);
    const std::string ends = told.sessions();
    for (size_t i = 0; i < 100; i++) {
        const std::string end = R"({"event":"close","session":")" +
                                std::to_string(i) +
                                R"(","code":1006,"duration":0})";
        assert_true(ends.find(end) != std::string::npos);
    }
}

// What was told to begin is told to end, whatever the configuration of those
// who tell it.
void test_ends_are_told_by_anybody(void** state)
{
    auto& told = state_of<Told>(state);
    SessionRecords& records = told.zone.store->sessions;
    for (int i = 0; i < 2; i++) {
        records.open(told.first, kAnn);
    }
    told.subscribe(told.first, "a");
    (void)told.sessions();
    (void)told.topics();
    EventRules none;
    std::copy_n(all_rules().policies, kEventTopics, none.policies);
    told.zone.store->events.follow(none);
    told.zone.store->workers.detach(told.first);
    told.pass(kPresenceGraceMs);
    const std::string end =
        R"({"event":"close","session":"1","user":"ann","code":1006,)"
        R"("duration":0})";
    assert_text(told.sessions(), end + ' ' + end);
    assert_text(told.topics(), vacated("a"));
    told.subscribe(told.second, "a");
    told.pass(2 * kPresenceGraceMs);
    assert_text(told.topics(), "");
}

void test_occupied_and_vacated(void** state)
{
    auto& told = state_of<Told>(state);
    Interest& one = told.subscribe(told.first, "a");
    assert_text(told.topics(), occupied("a"));
    Interest& two = told.subscribe(told.second, "a");
    told.set(one, 0);
    told.zone.store->interests.drop(one);
    told.pass(2 * kPresenceGraceMs);
    assert_text(told.topics(), "");
    told.set(two, 0);
    told.pass(kPresenceGraceMs - 1);
    assert_text(told.topics(), "");
    told.zone.store->interests.drop(two);
    told.pass(1);
    assert_text(told.topics(), vacated("a"));
    assert_true(told.zone.header->events.vacant_head == nullptr);
}

void test_back_in_time(void** state)
{
    auto& told = state_of<Told>(state);
    Interest& one = told.subscribe(told.first, "a");
    assert_text(told.topics(), occupied("a"));
    told.set(one, 0);
    told.zone.store->interests.drop(one);
    told.pass(kPresenceGraceMs - 1);
    told.subscribe(told.second, "a");
    told.pass(2 * kPresenceGraceMs);
    assert_text(told.topics(), "");
}

void test_by_a_selector(void** state)
{
    auto& told = state_of<Told>(state);
    SelectorRecord* record =
        told.zone.store->selectors.add(told.first, *Selector::parse("a/*"));
    told.zone.store->selectors.set_sessions(*record, 1);
    told.zone.put("a/1", "x");
    told.zone.put("b/1", "x");
    assert_text(told.topics(), occupied("a/1"));
    told.zone.put("a/1", "y");
    assert_text(told.topics(), "");
    told.zone.store->workers.detach(told.first);
    told.pass(kPresenceGraceMs);
    assert_text(told.topics(), vacated("a/1"));
}

void test_a_worker_ends(void** state)
{
    auto& told = state_of<Told>(state);
    told.subscribe(told.first, "a");
    told.subscribe(told.first, "b");
    told.subscribe(told.second, "b");
    (void)told.topics();
    told.zone.store->workers.detach(told.first);
    told.pass(kPresenceGraceMs);
    assert_text(told.topics(), vacated("a"));
}

void test_not_of_events(void** state)
{
    auto& told = state_of<Told>(state);
    EventRules rules = all_rules();
    rules.topics = Selector::parse("$events/**");
    rules.publishes = rules.topics;
    told.zone.store->events.follow(rules);
    told.subscribe(told.first, "$events/sessions");
    told.zone.store->sessions.open(told.first, kAnn);
    assert_text(told.topics(), "");
    assert_text(told.told(EventTopic::publishes), "");
}

void test_publishes(void** state)
{
    auto& told = state_of<Told>(state);
    Change change = Zone::publication("chat/1", "hello");
    const ChangeAuthor author{"5", "ann", "Ann"};
    change.author = &author;
    change.idempotency_key = "k";
    const auto answer = told.zone.store->topics.publish(change);
    (void)told.zone.store->topics.publish(change); // answered as before
    told.zone.put("news", "x");
    std::string position;
    append_position(position, answer->at);
    assert_text(told.told(EventTopic::publishes),
                R"({"event":"publish","topic":"chat/1",)" + position +
                    R"(,"size":5,"session":"5","user":"ann",)"
                    R"("identity":"Ann"})");
}

// In a zone full of history that makes room.
void test_a_zone_full_of_history(void** state)
{
    auto& told = state_of<Told>(state);
    told.zone.header->zone_bytes = 256UL * 1024;
    told.zone.memory.set_budget(told.zone.memory.used_bytes() +
                                told.zone.header->zone_bytes);
    told.zone.store->divide({});
    const std::string payload(500, 'x');
    const auto fill = [&] {
        const uint64_t evicted = told.zone.header->totals.evicted;
        while (told.zone.header->totals.evicted < evicted + 10) {
            told.zone.put("news", payload, keeping(10000));
        }
    };
    fill();
    SessionRecord* record = told.zone.store->sessions.open(told.first, kAnn);
    fill();
    told.zone.store->sessions.close(record, 1000, {});
    for (size_t i = 0; i < 20; i++) {
        told.subscribe(told.first, "a/" + std::to_string(i));
        told.zone.put("chat/" + std::to_string(i), payload);
    }
    assert_int_equal(told.zone.header->events.lost, 0);
}

void test_lost(void** state)
{
    auto& told = state_of<Told>(state);
    told.zone.memory.set_budget(told.zone.memory.used_bytes());
    told.zone.header->spare_bytes = 0;
    assert_null(told.zone.store->sessions.open(told.first, kAnn));
    told.zone.store->sessions.close(nullptr, 1000, {});
    assert_int_equal(told.zone.header->events.lost, 2);
    told.zone.memory.set_budget(SIZE_MAX);
    told.zone.store->sessions.open(told.first, kAnn);
    told.zone.store->sessions.open(told.first, kAnn);
    assert_text(told.sessions(),
                R"({"event":"open","session":"1","user":"ann","lost":2} )"
                R"({"event":"open","session":"1","user":"ann"})");
    assert_int_equal(told.zone.store->status().events_lost, 2);
}

// What takes the place of a value in a full zone may take nothing for events.
void test_lost_of_a_replaced_value(void** state)
{
    auto& told = state_of<Told>(state);
    told.zone.put("chat/1", "first");
    (void)told.told(EventTopic::publishes);
    told.zone.put("news", std::string(200, 'x'));
    told.zone.leave_room(150);
    assert_true(bool(told.zone.publish("chat/1", "other")));
    assert_int_equal(told.zone.header->events.lost, 1);
    told.zone.memory.set_budget(SIZE_MAX);
    told.zone.put("chat/1", "third");
    const std::string text = told.told(EventTopic::publishes);
    assert_true(text.ends_with(R"("lost":1})"));
}

// It is told of as soon as there is room for its record.
void test_no_room_for_its_record(void** state)
{
    Told& told = state_of<Told>(state);
    Interest& interest = told.subscribe(told.first, "room/1");
    told.set(interest, 0);
    told.pass(kPresenceGraceMs);
    told.topics();
    uint64_t& most = told.zone.header->shares.held_most;
    const uint64_t enough = std::exchange(most, 0);
    for (const uint32_t sessions : {1U, 2U, 1U}) {
        told.set(interest, sessions);
    }
    assert_text(told.topics(), "");
    assert_int_equal(told.zone.header->events.lost, 1);
    most = enough;
    told.set(interest, 2);
    assert_text(told.topics(),
                R"({"event":"occupied","topic":"room/1","lost":1})");
}

// Nothing is left in the zone of those who have gone.
void test_nothing_stays_held(void** state)
{
    Told& told = state_of<Told>(state);
    told.zone.put("room/1", "x");
    const uint64_t before = told.zone.header->shares.held;
    Interest& interest = told.subscribe(told.first, "room/1");
    told.set(interest, 0);
    told.zone.store->interests.drop(interest);
    told.pass(kPresenceGraceMs);
    assert_int_equal(told.zone.header->shares.held, before);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_told = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Told>, end_told, nullptr};
    };
    const CMUnitTest tests[] = {
        of_told("test_a_session", test_a_session),
        of_told("test_sessions_of_a_dead_worker",
                test_sessions_of_a_dead_worker),
        of_told("test_ends_are_told_by_anybody", test_ends_are_told_by_anybody),
        of_told("test_occupied_and_vacated", test_occupied_and_vacated),
        of_told("test_back_in_time", test_back_in_time),
        of_told("test_by_a_selector", test_by_a_selector),
        of_told("test_a_worker_ends", test_a_worker_ends),
        of_told("test_not_of_events", test_not_of_events),
        of_told("test_publishes", test_publishes),
        of_told("test_a_zone_full_of_history", test_a_zone_full_of_history),
        of_told("test_lost", test_lost),
        of_told("test_lost_of_a_replaced_value", test_lost_of_a_replaced_value),
        of_told("test_no_room_for_its_record", test_no_room_for_its_record),
        of_told("test_nothing_stays_held", test_nothing_stays_held),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
