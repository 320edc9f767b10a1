// How long to wait before Redis is tried again.
#include <initializer_list>
#include <random>

#include "redis/backoff.hpp"

#include "cmocka.hpp"

namespace ws_pubsub::redis {
namespace {

void doubled(void** /*state*/)
{
    Backoff backoff;
    for (const int64_t ms : {50, 100, 200, 400, 800, 1600, 2000, 2000}) {
        assert_int_equal(backoff.next_ms(0), ms / 2);
    }
    backoff.reset();
    for (const int64_t ms : {50, 100, 200, 400, 800, 1600, 2000, 2000}) {
        // the last number of the range
        assert_int_equal(backoff.next_ms(static_cast<uint32_t>(ms)),
                         ms / 2 + ms);
    }
}

void spread(void** /*state*/)
{
    std::mt19937 random(1);
    bool is_early = false;
    bool is_late = false;
    for (int i = 0; i < 1000; i++) {
        Backoff backoff;
        const int64_t ms = backoff.next_ms(static_cast<uint32_t>(random()));
        assert_in_range(ms, 25, 75);
        is_early = is_early || ms < 30;
        is_late = is_late || ms > 70;
    }
    assert_true(is_early && is_late);
}

} // namespace
} // namespace ws_pubsub::redis

int main()
{
    using namespace ws_pubsub::redis;
    const CMUnitTest tests[] = {
        cmocka_unit_test(doubled),
        cmocka_unit_test(spread),
    };
    return cmocka_run_group_tests_name("backoff", tests, nullptr, nullptr);
}
