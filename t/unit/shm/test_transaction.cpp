// Whom a transaction wakes, and when.
#include <stdexcept>
#include <vector>

#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using WakeList = std::vector<RecordingWaker::Wake>;

void test_wakes_once_the_lock_is_free(void** state)
{
    auto& zone = state_of<Zone>(state);
    ZoneAccess access{zone.memory, *zone.header, zone.clock, Wakes(zone.waker)};
    {
        Transaction tx(access);
        tx.wake(1, 10);
        tx.commit();
        tx.wake(2, 20);
        assert_true(zone.waker.take().empty());
    }
    assert_true(zone.waker.take() == WakeList({{1, 10}, {2, 20}}));
    {
        const Transaction tx(access);
    }
    assert_true(zone.waker.take().empty());
}

void test_wakes_nobody_for_what_never_happened(void** state)
{
    auto& zone = state_of<Zone>(state);
    ZoneAccess access{zone.memory, *zone.header, zone.clock, Wakes(zone.waker)};
    {
        Transaction tx(access);
        tx.wake(1, 10);
        tx.commit();
        tx.wake(2, 20);
        tx.rollback();
        tx.wake(3, 30);
    }
    assert_true(zone.waker.take() == WakeList({{1, 10}, {3, 30}}));
    try {
        Transaction tx(access);
        tx.wake(1, 10);
        throw std::runtime_error("amid a change");
    } catch (const std::runtime_error&) {
    }
    assert_true(zone.waker.take().empty());
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wakes_once_the_lock_is_free,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(
            test_wakes_nobody_for_what_never_happened, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
