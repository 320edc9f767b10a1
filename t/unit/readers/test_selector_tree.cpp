// What it costs to find the selectors that match a topic: those, and not the
// others.
#include <string>

#include "readers/selector_tree.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr unsigned kMany = 3000;

void select(Zone& zone, WorkerId worker, const std::string& text)
{
    SelectorRecord* record =
        zone.store->selectors.add(worker, *Selector::parse(text));
    assert_non_null(record);
    zone.store->selectors.set_sessions(*record, 1);
}

// How many nodes were looked at, of which so many match.
size_t steps_for(Zone& zone, std::string_view path, size_t matches)
{
    constexpr size_t kMost = 100'000;
    std::vector<SelectorNode*> matching;
    size_t steps = kMost;
    assert_true(SelectorTree(*zone.header).match(path, steps, matching));
    assert_int_equal(matching.size(), matches);
    return kMost - steps;
}

// With room for so many subscribers.
int make_large_zone(void** state)
{
    *state = new Zone(16 * kTestZoneBytes);
    return 0;
}

void test_many_of_one_prefix(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    for (unsigned n = 0; n < kMany; n++) {
        select(zone, worker, "room/*/s" + std::to_string(n));
    }
    assert_in_range(steps_for(zone, "room/1/s7", 1), 1, 8);
    assert_in_range(steps_for(zone, "room/1/x", 0), 1, 8);
    assert_int_equal(zone.put("room/1/s7", "x").subscribers, 1);
    zone.store->workers.detach(worker);
}

void test_many_of_different_segments(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    for (unsigned n = 0; n < kMany; n++) {
        select(zone, worker, std::to_string(n) + "/**");
    }
    assert_in_range(steps_for(zone, "7/a/b", 1), 1, 4);
    zone.store->workers.detach(worker);
}

// The same selectors, of however many workers and sessions, are looked at once.
void test_same_selector_of_many_workers(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (unsigned n = 0; n < 100; n++) {
        select(zone, zone.attach(), "a/*/c");
    }
    assert_in_range(steps_for(zone, "a/b/c", 1), 1, 8);
    assert_int_equal(zone.put("a/b/c", "x").subscribers, 100);
}

// "*" and the literal segment, in each place: as bad as it gets.
void select_all_mixtures(Zone& zone, WorkerId worker, unsigned segments)
{
    for (unsigned mixture = 0; mixture < 1U << segments; mixture++) {
        std::string text;
        for (unsigned i = 0; i < segments; i++) {
            text += (mixture >> i & 1U) != 0 ? "*/" : "a/";
        }
        select(zone, worker, text + "*");
    }
}

// There is a most that is looked at. Beyond it a worker is told that has other
// selectors only, and it finds out.
void test_too_many(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    const WorkerId other = zone.attach();
    select_all_mixtures(zone, worker, 12);
    select(zone, other, "x/*");
    const uint32_t subscribers =
        zone.put("a/a/a/a/a/a/a/a/a/a/a/a/b", "x").subscribers;
    assert_in_range(subscribers, 0, 1U << 12);
    for (const WorkerId told : {worker, other}) {
        assert_string_equal(zone.inbox(told).c_str(),
                            "a/a/a/a/a/a/a/a/a/a/a/a/b 1:x");
    }
    zone.store->workers.detach(worker);
    zone.store->workers.detach(other);
    assert_string_equal(zone.fault().c_str(), "");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_of_one_prefix,
                                        make_large_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_many_of_different_segments,
                                        make_large_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_same_selector_of_many_workers,
                                        make_large_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_too_many, make_large_zone,
                                        end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
