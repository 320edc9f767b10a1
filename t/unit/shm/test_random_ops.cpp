// Random operations on a zone that is often full: whatever happens, all in it
// fits together, and in the end nothing is left.
#include <random>
#include <string>
#include <string_view>

#include "support/store_ops.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void run(unsigned seed, size_t room, int steps)
{
    std::minstd_rand random(seed);
    Zone zone;
    const size_t empty = zone.memory.live_blocks();
    for (size_t i = 0; i < StoreOps::kWorkers; i++) {
        zone.store->add_slot(static_cast<int>(i));
    }
    zone.leave_room(room);
    StoreOps ops(*zone.store, zone.clock);
    for (int i = 0; i < steps; i++) {
        std::string bytes;
        for (int n = 0; n < 8; n++) {
            bytes += static_cast<char>(random() >> 8);
        }
        if (random() % 32 == 0) {
            zone.memory.fail_from(1 + random() % 4);
        }
        std::string_view rest = bytes;
        ops.step(rest);
        zone.memory.fail_from(0);
        const std::string fault = zone.fault();
        if (!fault.empty()) {
            fail_msg("seed %u, step %d: %s", seed, i, fault.c_str());
        }
    }
    ops.finish();
    std::vector<TopicRow> rows;
    zone.store->list(*Selector::parse("**"), {}, 1000, rows);
    for (const TopicRow& row : rows) {
        assert_true(*zone.remove(row.path));
    }
    zone.store->expire(INT64_MAX);
    assert_int_equal(zone.memory.live_blocks(), empty);
    assert_string_equal(zone.fault().c_str(), "");
}

void test_a_full_zone(void** /*state*/)
{
    for (unsigned seed = 1; seed <= 40; seed++) {
        run(seed, 4000 + seed * 100, 1000);
    }
}

void test_a_large_zone(void** /*state*/)
{
    for (unsigned seed = 1; seed <= 20; seed++) {
        run(seed, kTestZoneBytes, 1000);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_zone),
        cmocka_unit_test(test_a_large_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
