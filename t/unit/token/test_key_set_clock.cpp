// When a key set is fetched again.
#include "base/limits.hpp"
#include "token/key_set_clock.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr KeySetClock::Times kUsual{kHour, 24 * kHour};

void while_there_is_none(void** /*state*/)
{
    KeySetClock clock(kUsual);
    assert_false(clock.has_set(0));
    for (const int64_t seconds : {1, 2, 4, 8, 16, 30, 30}) {
        clock.note_failed(0);
        assert_int_equal(clock.pause_ms(0), seconds * kSecond);
    }
    for (int i = 0; i < 1000; i++) {
        clock.note_failed(0);
    }
    assert_int_equal(clock.pause_ms(0), kMostKeySetRetryMs);
    clock.note_good(5);
    assert_true(clock.has_set(5));
    assert_int_equal(clock.pause_ms(5), kHour);
}

void while_there_is_one(void** /*state*/)
{
    KeySetClock clock(kUsual);
    clock.note_failed(0);
    clock.note_good(0);
    for (const int64_t seconds :
         {30, 60, 120, 240, 480, 960, 1920, 3600, 3600}) {
        clock.note_failed(kHour);
        assert_int_equal(clock.pause_ms(kHour), seconds * kSecond);
    }
    clock.note_good(2 * kHour);
    clock.note_failed(3 * kHour);
    assert_int_equal(clock.pause_ms(3 * kHour), 30 * kSecond);
}

void a_short_interval(void** /*state*/)
{
    KeySetClock clock({5 * kSecond, kHour});
    clock.note_good(0);
    clock.note_failed(0);
    assert_int_equal(clock.pause_ms(0), 5 * kSecond);
}

void stale(void** /*state*/)
{
    KeySetClock clock({kHour, kHour + kSecond});
    clock.note_good(7);
    assert_true(clock.has_set(kHour + kSecond + 6));
    assert_false(clock.has_set(kHour + kSecond + 7));
    // it is fetched when it becomes that, however long the pause would be
    clock.note_failed(kHour);
    assert_int_equal(clock.pause_ms(kHour), kSecond + 7);
    // then it is missed
    clock.note_failed(kHour + kSecond + 7);
    assert_int_equal(clock.pause_ms(kHour + kSecond + 7), kSecond);
    clock.note_failed(kHour + 2 * kSecond + 7);
    assert_int_equal(clock.pause_ms(kHour + 2 * kSecond + 7), 2 * kSecond);
}

void no_longer_than_its_interval(void** /*state*/)
{
    KeySetClock clock({kSecond, kSecond});
    clock.note_good(0);
    assert_int_equal(clock.pause_ms(0), kSecond);
    assert_int_equal(clock.pause_ms(400), 600);
}

void unknown_keys(void** /*state*/)
{
    KeySetClock clock(kUsual);
    clock.note_good(0);
    assert_true(clock.take_turn_for_unknown(10));
    assert_false(clock.take_turn_for_unknown(10));
    clock.note_good(20);
    assert_false(clock.take_turn_for_unknown(kUnknownKidFetchMs + 9));
    assert_true(clock.take_turn_for_unknown(kUnknownKidFetchMs + 10));
    assert_false(clock.take_turn_for_unknown(2 * kUnknownKidFetchMs + 9));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(while_there_is_none),
        cmocka_unit_test(while_there_is_one),
        cmocka_unit_test(a_short_interval),
        cmocka_unit_test(stale),
        cmocka_unit_test(no_longer_than_its_interval),
        cmocka_unit_test(unknown_keys),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
