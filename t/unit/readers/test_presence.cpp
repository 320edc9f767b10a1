// Who is told of whom: joins, leaves, and those who are expected back.
#include <string>

#include "base/limits.hpp"
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Two workers, of which the second one has somebody who watches.
struct Room {
    Interest& join(WorkerId worker, const char* who)
    {
        Interest& interest =
            *zone.store->interests.add(worker, "room", worker + 1U).interest;
        assert_true(zone.store->presence.join(interest, who));
        return interest;
    }

    // What the second worker is told, "+ann -bob".
    std::string told()
    {
        std::string text;
        Delivery delivery;
        while (zone.store->inboxes.read(second, SIZE_MAX, delivery, batch)) {
            for (const PresenceChange& change : delivery.presence) {
                text += text.empty() ? "" : " ";
                text += (change.join ? "+" : "-") + change.who;
            }
        }
        return text;
    }

    std::string who()
    {
        const PresenceList present = zone.store->presence.who("room", 10);
        std::string text = std::to_string(present.connections);
        for (const std::string& one : present.who) {
            text += " " + one;
        }
        return text;
    }

    void pass(int64_t ms)
    {
        zone.clock.now += ms;
        zone.store->expire(zone.clock.now);
    }

    Zone zone;
    WorkerId first = zone.attach();
    WorkerId second = zone.attach();
    Interest* watcher = zone.store->interests.add(second, "room", 9).interest;
    Batch batch;
};

int end_room(void** state)
{
    Room& room = state_of<Room>(state);
    const std::string fault = room.zone.fault();
    destroy_state<Room>(state);
    return fault.empty() ? 0 : -1;
}

void test_join_and_leave(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& ann = room.join(room.first, "ann");
    room.join(room.first, "ann");
    assert_text(room.told(), "+ann");
    room.zone.store->presence.leave(ann, "ann");
    assert_text(room.told(), "");
    assert_text(room.who(), "1 ann");
    room.zone.store->presence.leave(ann, "ann");
    assert_text(room.told(), "-ann");
    assert_text(room.who(), "0");
}

void test_back_in_time(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& ann = room.join(room.first, "ann");
    assert_text(room.told(), "+ann");
    room.zone.store->presence.leave(ann, "ann", true);
    assert_text(room.who(), "0 ann");
    room.pass(kPresenceGraceMs - 1);
    room.join(room.second, "ann");
    assert_text(room.who(), "1 ann");
    room.pass(10 * kPresenceGraceMs);
    assert_text(room.told(), "");
    assert_text(room.who(), "1 ann");
    room.zone.store->presence.leave(*room.watcher, "ann");
    assert_text(room.told(), "-ann");
}

void test_not_back_in_time(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& interest = room.join(room.first, "ann");
    room.join(room.first, "bob");
    assert_text(room.told(), "+ann +bob");
    room.zone.store->presence.leave(interest, "ann", true);
    room.pass(kPresenceGraceMs / 2);
    room.zone.store->presence.leave(interest, "bob", true);
    room.zone.waker.take();
    room.pass(kPresenceGraceMs / 2);
    assert_int_equal(room.zone.waker.take().size(), 1);
    assert_text(room.told(), "-ann");
    room.pass(kPresenceGraceMs);
    assert_text(room.told(), "-bob");
    assert_text(room.who(), "0");
    room.join(room.first, "ann");
    assert_text(room.told(), "+ann");
}

// Who has another session is not away, whichever of them ends first.
void test_with_another_session(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& old = room.join(room.first, "ann");
    room.join(room.second, "ann");
    assert_text(room.told(), "+ann");
    room.zone.store->presence.leave(old, "ann", true);
    assert_text(room.who(), "1 ann");
    room.zone.store->presence.leave(*room.watcher, "ann");
    assert_text(room.told(), "-ann");
    room.pass(2 * kPresenceGraceMs);
    assert_text(room.told(), "");
}

void test_a_worker_ends(void** state)
{
    Room& room = state_of<Room>(state);
    room.join(room.first, "ann");
    room.join(room.first, "bob");
    room.zone.store->workers.detach(room.first);
    assert_text(room.told(), "+ann +bob");
    room.join(room.second, "bob");
    assert_text(room.who(), "1 ann bob");
    room.pass(kPresenceGraceMs);
    assert_text(room.told(), "-ann");
}

void test_the_systems_clock_is_set(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& ann = room.join(room.first, "ann");
    room.zone.store->presence.leave(ann, "ann", true);
    room.zone.clock.step = 3600'000;
    room.pass(0);
    assert_text(room.told(), "+ann");
    room.zone.clock.step = -3600'000;
    room.pass(kPresenceGraceMs);
    assert_text(room.told(), "-ann");
}

// What a worker with a selector is told of the topic, which it takes for its
// own; "-" at the end when it can let go of it.
std::string told_by_selector(Room& room, WorkerId worker)
{
    std::string text;
    Delivery delivery;
    Interest* last = nullptr;
    while (
        room.zone.store->inboxes.read(worker, SIZE_MAX, delivery, room.batch)) {
        for (const PresenceChange& change : delivery.presence) {
            text += (change.join ? "+" : "-") + change.who + " ";
        }
        if (delivery.token == 0) {
            room.zone.store->interests.claim(*delivery.interest, 7);
        }
        last = delivery.interest;
    }
    if (last != nullptr && room.zone.store->interests.drop_if_gone(*last)) {
        text += "-";
    }
    return text;
}

// Whoever has a selector that matches is told, also where there is no message.
void test_selectors_of_an_absent_topic(void** state)
{
    Room& room = state_of<Room>(state);
    const WorkerId third = room.zone.attach();
    room.zone.store->selectors.set_sessions(
        *room.zone.store->selectors.add(third, *Selector::parse("*")), 1);
    Interest& ann = room.join(room.first, "ann");
    assert_text(told_by_selector(room, third), "+ann ");
    Interest& bob = room.join(room.first, "bob");
    assert_text(told_by_selector(room, third), "+bob ");
    room.zone.store->presence.leave(bob, "bob");
    assert_text(told_by_selector(room, third), "-bob ");
    room.zone.store->presence.leave(ann, "ann");
    assert_text(told_by_selector(room, third), "-ann -");
}

void test_selectors_after_the_topic_was_removed(void** state)
{
    Room& room = state_of<Room>(state);
    const WorkerId third = room.zone.attach();
    room.zone.store->selectors.add(third, *Selector::parse("*"));
    room.zone.put("room", "x");
    Interest& ann = room.join(room.first, "ann");
    assert_text(told_by_selector(room, third), "+ann ");
    assert_true(*room.zone.remove("room"));
    assert_text(told_by_selector(room, third), "");
    room.zone.store->presence.leave(ann, "ann");
    assert_text(told_by_selector(room, third), "-ann -");
}

// One that came later is told who leaves.
void test_selector_that_comes_later(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& ann = room.join(room.first, "ann");
    const WorkerId third = room.zone.attach();
    room.zone.store->selectors.add(third, *Selector::parse("*"));
    room.zone.store->presence.leave(ann, "ann");
    assert_text(told_by_selector(room, third), "-ann -");
}

// Nobody else is interested by then: it costs nothing but the time.
void test_nobody_is_left(void** state)
{
    Room& room = state_of<Room>(state);
    room.join(room.first, "ann");
    room.zone.store->workers.detach(room.first);
    room.zone.store->workers.detach(room.second);
    assert_text(room.who(), "0 ann");
    room.pass(kPresenceGraceMs);
    assert_text(room.who(), "0");
}

void test_a_full_zone_tells_of_leaves(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& ann = room.join(room.first, "ann");
    room.join(room.first, "bob");
    assert_text(room.told(), "+ann +bob");
    room.zone.leave_room(0);
    room.zone.store->presence.leave(ann, "ann");
    room.zone.store->presence.leave(ann, "bob", true);
    room.pass(kPresenceGraceMs);
    assert_text(room.told(), "-ann -bob");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_join_and_leave, make_state<Room>,
                                        end_room),
        cmocka_unit_test_setup_teardown(test_back_in_time, make_state<Room>,
                                        end_room),
        cmocka_unit_test_setup_teardown(test_not_back_in_time, make_state<Room>,
                                        end_room),
        cmocka_unit_test_setup_teardown(test_with_another_session,
                                        make_state<Room>, end_room),
        cmocka_unit_test_setup_teardown(test_a_worker_ends, make_state<Room>,
                                        end_room),
        cmocka_unit_test_setup_teardown(test_the_systems_clock_is_set,
                                        make_state<Room>, end_room),
        cmocka_unit_test_setup_teardown(test_selectors_of_an_absent_topic,
                                        make_state<Room>, end_room),
        cmocka_unit_test_setup_teardown(
            test_selectors_after_the_topic_was_removed, make_state<Room>,
            end_room),
        cmocka_unit_test_setup_teardown(test_selector_that_comes_later,
                                        make_state<Room>, end_room),
        cmocka_unit_test_setup_teardown(test_nobody_is_left, make_state<Room>,
                                        end_room),
        cmocka_unit_test_setup_teardown(test_a_full_zone_tells_of_leaves,
                                        make_state<Room>, end_room),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
