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

void run(unsigned seed, size_t room, int steps, bool shared_out = false)
{
    std::minstd_rand random(seed);
    Zone zone;
    const size_t empty = zone.memory.live_blocks();
    zone.leave_room(room);
    if (shared_out) {
        zone.store->divide({1, 1});
    }
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
    zone.store->topics.list(*Selector::parse("**"), {}, 1000, rows);
    for (const TopicRow& row : rows) {
        assert_true(*zone.remove(row.path));
    }
    for (size_t i = 0; i < kRevocationBuckets; i++) {
        zone.store->expire(INT64_MAX); // some of them each time
    }
    assert_int_equal(zone.memory.live_blocks(), empty);
    assert_string_equal(zone.fault().c_str(), "");
}

void test_a_full_zone(void** /*state*/)
{
    for (unsigned seed = 1; seed <= 40; seed++) {
        run(seed, 4000 + seed * 100, 1000);
    }
}

// Everybody has a share, and often uses it up.
void test_small_shares(void** /*state*/)
{
    for (unsigned seed = 1; seed <= 40; seed++) {
        run(seed, 10'000 + seed * 500, 1000, true);
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
        cmocka_unit_test(test_small_shares),
        cmocka_unit_test(test_a_large_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
