// When something long may be done. The numbers are times in ms: now, and the
// CPU time used.
#include "base/quiet_time.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_after_work_once_it_is_quiet(void** /*state*/)
{
    QuietTime quiet(1000);
    assert_false(quiet.has_come(2000, 700));
    assert_false(quiet.has_come(3000, 1500));
    assert_true(quiet.has_come(4000, 1520));
}

void test_not_without_work(void** /*state*/)
{
    QuietTime quiet(1000);
    for (int64_t second = 2; second < 12; second++) {
        assert_false(quiet.has_come(second * 1000, second));
    }
}

void test_little_work_adds_up(void** /*state*/)
{
    QuietTime quiet(1000);
    assert_false(quiet.has_come(2000, 20));
    assert_false(quiet.has_come(3000, 40));
    assert_true(quiet.has_come(4000, 60));
}

void test_seldom(void** /*state*/)
{
    QuietTime quiet(1000);
    assert_true(quiet.has_come(2000, 60));
    quiet.done(2000, 1);
    assert_false(quiet.has_come(3000, 160));
    assert_false(quiet.has_come(6900, 170));
    assert_true(quiet.has_come(7000, 170));
}

void test_the_longer_it_takes_the_later_again(void** /*state*/)
{
    QuietTime quiet(1000);
    assert_true(quiet.has_come(2000, 60));
    quiet.done(2000, 20);
    assert_false(quiet.has_come(21'000, 900));
    assert_true(quiet.has_come(22'000, 910));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_after_work_once_it_is_quiet),
        cmocka_unit_test(test_not_without_work),
        cmocka_unit_test(test_little_work_adds_up),
        cmocka_unit_test(test_seldom),
        cmocka_unit_test(test_the_longer_it_takes_the_later_again),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
