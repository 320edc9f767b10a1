// Rates: so many at once, so many a minute.
#include "base/token_bucket.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// How many tokens there are at that time.
int take_all(TokenBucket& bucket, const Rate& rate, int64_t now_ms)
{
    int taken = 0;
    while (taken < 1000 && bucket.take(rate, now_ms)) {
        taken++;
    }
    return taken;
}

void test_no_limit(void** /*state*/)
{
    constexpr Rate kRate{0, 5};
    TokenBucket bucket(kRate, 0);
    assert_int_equal(take_all(bucket, kRate, 0), 1000);
}

void test_burst(void** /*state*/)
{
    constexpr Rate kRate{60, 4};
    TokenBucket bucket(kRate, 1000);
    assert_int_equal(take_all(bucket, kRate, 1000), 5);
    assert_int_equal(take_all(bucket, kRate, 1999), 0);
    assert_int_equal(take_all(bucket, kRate, 2000), 1);
    assert_int_equal(take_all(bucket, kRate, 4999), 2);
    assert_int_equal(take_all(bucket, kRate, 5000), 1); // no part is lost
}

void test_never_more_than_the_burst(void** /*state*/)
{
    constexpr Rate kRate{60, 4};
    TokenBucket bucket(kRate, 0);
    assert_int_equal(take_all(bucket, kRate, 0), 5);
    assert_int_equal(take_all(bucket, kRate, 1'000'000'000'000), 5);
}

void test_without_burst(void** /*state*/)
{
    constexpr Rate kRate{600, 0};
    TokenBucket bucket(kRate, 0);
    int taken = 0;
    for (int64_t now_ms = 0; now_ms < 10'000; now_ms++) {
        taken += bucket.take(kRate, now_ms) ? 1 : 0;
    }
    assert_int_equal(taken, 100);
}

void test_slow_rates(void** /*state*/)
{
    constexpr Rate kRate{1, 0};
    TokenBucket bucket(kRate, 0);
    assert_true(bucket.take(kRate, 0));
    assert_false(bucket.take(kRate, 59'999));
    assert_true(bucket.take(kRate, 60'000));
}

// A clock that is set back gives nothing, and takes nothing.
void test_clock_goes_back(void** /*state*/)
{
    constexpr Rate kRate{60, 0};
    TokenBucket bucket(kRate, 10'000);
    assert_true(bucket.take(kRate, 10'000));
    assert_false(bucket.take(kRate, 5'000));
    assert_true(bucket.take(kRate, 6'000));
}

void test_largest_rate(void** /*state*/)
{
    constexpr Rate kRate{UINT32_MAX, UINT32_MAX};
    TokenBucket bucket(kRate, 0);
    assert_true(bucket.take(kRate, 0));
    assert_true(bucket.take(kRate, 1'000'000));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_never_more_than_the_burst),
        cmocka_unit_test(test_without_burst),
        cmocka_unit_test(test_slow_rates),
        cmocka_unit_test(test_clock_goes_back),
        cmocka_unit_test(test_largest_rate),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
