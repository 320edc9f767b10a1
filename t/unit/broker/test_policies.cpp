// Which policy a topic has, and that publishing goes by it.
#include "broker/policies.hpp"
#include "broker/publisher.hpp"
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

struct World {
    World()
    {
        policies.add(*Selector::parse("a/b/*"), keeping(3));
        policies.add(*Selector::parse("a/**"), keeping(1));
        policies.add(*Selector::parse("a/b/c"), keeping(9)); // too late
        policies.add(*Selector::parse("events/*"), keeping_nothing());
    }

    Zone zone;
    Policies policies;
};

void test_the_first_that_matches(void** state)
{
    const Policies& policies = state_of<World>(state).policies;
    assert_int_equal(policies.of("a/b/c").history, 3);
    assert_int_equal(policies.of("a/x").history, 1);
    assert_int_equal(policies.of("a/b/c/d").history, 1);
    assert_false(policies.of("events/1").retain);
}

void test_default(void** state)
{
    for (const Policies& policies :
         {Policies(), state_of<World>(state).policies}) {
        assert_true(policies.of("b").retain);
        assert_int_equal(policies.of("b").history, 0);
    }
}

void test_reserved_topics(void** state)
{
    Policies& policies = state_of<World>(state).policies;
    policies.add(*Selector::parse("**"), keeping(7));
    assert_int_equal(policies.of("x").history, 7);
    assert_int_equal(policies.of("$sys/x").history, 0);
}

void test_publishing(void** state)
{
    auto& world = state_of<World>(state);
    const Publisher publisher{world.zone.store->topics, world.policies};
    for (const char* topic : {"a/b/c", "events/1", "b"}) {
        for (int i = 1; i <= 5; i++) {
            // Whatever policy the caller has put there.
            assert_true(bool(publisher
                                 .publish(Zone::publication(
                                     topic, std::to_string(i), keeping(2)))
                                 .answer()));
        }
    }
    assert_text(world.zone.last("a/b/c", 10), "2:2 3:3 4:4 5:5");
    assert_text(world.zone.last("events/1", 10), "");
    assert_text(world.zone.last("b", 10), "5:5");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_first_that_matches,
                                        make_state<World>,
                                        destroy_state<World>),
        cmocka_unit_test_setup_teardown(test_default, make_state<World>,
                                        destroy_state<World>),
        cmocka_unit_test_setup_teardown(test_reserved_topics, make_state<World>,
                                        destroy_state<World>),
        cmocka_unit_test_setup_teardown(test_publishing, make_state<World>,
                                        destroy_state<World>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
