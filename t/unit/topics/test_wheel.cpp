// Which topic has its turn when.
#include <map>
#include <string>

#include "support/zone.hpp"
#include "topics/wheel.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kRound = kSecond * static_cast<int64_t>(kWheelSlots);

// Clocks of topics that exist only so that they have a hash.
struct Turns {
    Zone zone;
    std::map<std::string, TopicClock> clocks;
    std::map<std::string, Topic> topics;

    void schedule(const std::string& name, int64_t due_ms)
    {
        Transaction tx(zone.memory, *zone.header);
        const auto [clock, is_new] = clocks.try_emplace(name);
        if (is_new) {
            clock->second.topic = &topics[name];
            clock->second.topic->hash = std::hash<std::string>()(name);
            clock->second.slot = kNoSlot;
        }
        TimingWheel(*zone.header, tx).schedule(clock->second, due_ms);
    }

    void cancel(const std::string& name)
    {
        Transaction tx(zone.memory, *zone.header);
        TimingWheel(*zone.header, tx).cancel(clocks.at(name));
    }

    // The names of those that have their turn, in the order of their names.
    std::string at(int64_t now_ms)
    {
        Transaction tx(zone.memory, *zone.header);
        TimingWheel wheel(*zone.header, tx);
        std::map<std::string, bool> names;
        while (TopicClock* due = wheel.next_due(now_ms)) {
            wheel.cancel(*due);
            for (const auto& [name, clock] : clocks) {
                names[name] |= &clock == due;
            }
        }
        std::string text;
        for (const auto& [name, is_due] : names) {
            text += is_due ? name : "";
        }
        return text;
    }
};

void test_each_in_its_second(void** state)
{
    auto& turns = state_of<Turns>(state);
    turns.schedule("a", kTestNowMs + 500);
    turns.schedule("b", kTestNowMs + 2500);
    turns.schedule("c", kTestNowMs + 2600);
    turns.schedule("d", kTestNowMs + 1000 * kSecond);
    assert_string_equal(turns.at(kTestNowMs + 999).c_str(), "");
    assert_string_equal(turns.at(kTestNowMs + 1000).c_str(), "a");
    assert_string_equal(turns.at(kTestNowMs + 2999).c_str(), "");
    assert_string_equal(turns.at(kTestNowMs + 3500).c_str(), "bc");
    assert_string_equal(turns.at(kTestNowMs + 1000 * kSecond).c_str(), "");
    assert_string_equal(turns.at(kTestNowMs + 1001 * kSecond).c_str(), "d");
}

void test_the_past_comes_next(void** state)
{
    auto& turns = state_of<Turns>(state);
    turns.schedule("a", 0);
    assert_string_equal(turns.at(kTestNowMs).c_str(), "");
    assert_string_equal(turns.at(kTestNowMs + kSecond).c_str(), "a");
}

void test_only_a_sooner_time_counts(void** state)
{
    auto& turns = state_of<Turns>(state);
    turns.schedule("a", kTestNowMs + 5 * kSecond);
    turns.schedule("a", kTestNowMs + 9 * kSecond);
    assert_string_equal(turns.at(kTestNowMs + 6 * kSecond).c_str(), "a");
    turns.schedule("a", kTestNowMs + 20 * kSecond);
    turns.schedule("a", kTestNowMs + 10 * kSecond);
    assert_string_equal(turns.at(kTestNowMs + 11 * kSecond).c_str(), "a");
    assert_string_equal(turns.at(kTestNowMs + 30 * kSecond).c_str(), "");
}

void test_cancelled(void** state)
{
    auto& turns = state_of<Turns>(state);
    for (const char* name : {"a", "b", "c"}) {
        turns.schedule(name, kTestNowMs);
    }
    turns.cancel("b");
    turns.cancel("b");
    assert_string_equal(turns.at(kTestNowMs + kSecond).c_str(), "ac");
}

// What is far away comes too early, but within a round, and not all at once.
void test_far_away(void** state)
{
    auto& turns = state_of<Turns>(state);
    constexpr int kCount = 400;
    for (int i = 0; i < kCount; i++) {
        turns.schedule(std::string(1, static_cast<char>('a' + i % 26)) +
                           std::to_string(i),
                       kTestNowMs + 1000 * kRound);
    }
    assert_string_equal(turns.at(kTestNowMs + kRound / 2 - kSecond).c_str(),
                        "");
    size_t largest = 0;
    size_t all = 0;
    for (int64_t ms = kRound / 2; ms <= kRound; ms += kSecond) {
        const std::string names = turns.at(kTestNowMs + ms);
        largest = std::max(largest, names.size());
        all += names.size();
    }
    assert_true(all > kCount);
    assert_true(largest < all / 20);
    for (const auto& [name, clock] : turns.clocks) {
        assert_int_equal(clock.slot, kNoSlot);
    }
}

void test_nobody_turned_it_for_long(void** state)
{
    auto& turns = state_of<Turns>(state);
    turns.schedule("a", kTestNowMs + 10 * kSecond);
    turns.schedule("b", kTestNowMs + 3 * kRound);
    assert_string_equal(turns.at(kTestNowMs + 5 * kRound).c_str(), "ab");
    turns.schedule("a", kTestNowMs + 5 * kRound + kSecond);
    assert_string_equal(turns.at(kTestNowMs + 5 * kRound + 2 * kSecond).c_str(),
                        "a");
}

// Another worker's time is a little behind.
void test_clocks_that_differ(void** state)
{
    auto& turns = state_of<Turns>(state);
    turns.schedule("a", kTestNowMs + 4500);
    assert_string_equal(turns.at(kTestNowMs + 4 * kSecond).c_str(), "");
    assert_string_equal(turns.at(kTestNowMs + 2 * kSecond).c_str(), "");
    assert_string_equal(turns.at(kTestNowMs + 5 * kSecond).c_str(), "a");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    constexpr auto make = make_state<Turns>;
    constexpr auto end = destroy_state<Turns>;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_in_its_second, make, end),
        cmocka_unit_test_setup_teardown(test_the_past_comes_next, make, end),
        cmocka_unit_test_setup_teardown(test_only_a_sooner_time_counts, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_cancelled, make, end),
        cmocka_unit_test_setup_teardown(test_far_away, make, end),
        cmocka_unit_test_setup_teardown(test_nobody_turned_it_for_long, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_clocks_that_differ, make, end),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
