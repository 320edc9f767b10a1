// How topics are found, whatever names clients choose.
#include <string>

#include "base/keyed_hash.hpp"
#include "support/zone.hpp"
#include "topics/topic_table.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Of the topics that are there, those that a walk along a higher level of the
// path order meets.
size_t count_higher(ZoneHeader& header)
{
    size_t count = 0;
    for (Topic* topic = header.first[1]; topic != nullptr;
         topic = topic->next()[1]) {
        count++;
    }
    return count;
}

// Who knows all about the hash still can't have topics that make the walk
// through the path order long.
void test_levels_are_not_in_the_name(void** state)
{
    Zone& zone = state_of<Zone>(state);
    size_t made = 0;
    for (unsigned n = 0; made < 400; n++) {
        const std::string topic = std::to_string(n);
        if (keyed_hash(topic, zone.header->hash_key) % 4 != 0) {
            zone.put(topic, "x");
            made++;
        }
    }
    assert_in_range(count_higher(*zone.header), made / 8, made / 2);
}

// Nor by trying which ones are fast.
void test_levels_change_when_a_topic_comes_again(void** state)
{
    Zone& zone = state_of<Zone>(state);
    size_t higher = 0;
    for (unsigned n = 0; n < 100; n++) {
        zone.put("a", "x");
        higher += count_higher(*zone.header);
        assert_true(*zone.remove("a"));
    }
    assert_in_range(higher, 5, 50);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_levels_are_not_in_the_name,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(
            test_levels_change_when_a_topic_comes_again, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
