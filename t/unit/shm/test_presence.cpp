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
            *zone.store->add_interest(worker, "room", worker + 1U).interest;
        assert_true(zone.store->join(interest, who));
        return interest;
    }

    // What the second worker is told, "+ann -bob".
    std::string told()
    {
        std::string text;
        Delivery delivery;
        while (zone.store->read_inbox(second, SIZE_MAX, delivery, batch)) {
            for (const PresenceChange& change : delivery.presence) {
                text += text.empty() ? "" : " ";
                text += (change.join ? "+" : "-") + change.who;
            }
        }
        return text;
    }

    std::string who()
    {
        const Presence present = zone.store->who("room", 10);
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
    Interest* watcher = zone.store->add_interest(second, "room", 9).interest;
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
    room.zone.store->leave(ann, "ann");
    assert_text(room.told(), "");
    assert_text(room.who(), "1 ann");
    room.zone.store->leave(ann, "ann");
    assert_text(room.told(), "-ann");
    assert_text(room.who(), "0");
}

void test_back_in_time(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& ann = room.join(room.first, "ann");
    assert_text(room.told(), "+ann");
    room.zone.store->leave(ann, "ann", true);
    assert_text(room.who(), "0 ann");
    room.pass(kPresenceGraceMs - 1);
    room.join(room.second, "ann");
    assert_text(room.who(), "1 ann");
    room.pass(10 * kPresenceGraceMs);
    assert_text(room.told(), "");
    assert_text(room.who(), "1 ann");
    room.zone.store->leave(*room.watcher, "ann");
    assert_text(room.told(), "-ann");
}

void test_not_back_in_time(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& interest = room.join(room.first, "ann");
    room.join(room.first, "bob");
    assert_text(room.told(), "+ann +bob");
    room.zone.store->leave(interest, "ann", true);
    room.pass(kPresenceGraceMs / 2);
    room.zone.store->leave(interest, "bob", true);
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
    room.zone.store->leave(old, "ann", true);
    assert_text(room.who(), "1 ann");
    room.zone.store->leave(*room.watcher, "ann");
    assert_text(room.told(), "-ann");
    room.pass(2 * kPresenceGraceMs);
    assert_text(room.told(), "");
}

void test_a_worker_ends(void** state)
{
    Room& room = state_of<Room>(state);
    room.join(room.first, "ann");
    room.join(room.first, "bob");
    room.zone.store->detach(room.first);
    assert_text(room.told(), "+ann +bob");
    room.join(room.second, "bob");
    assert_text(room.who(), "1 ann bob");
    room.pass(kPresenceGraceMs);
    assert_text(room.told(), "-ann");
}

void test_the_clock_is_set_back(void** state)
{
    Room& room = state_of<Room>(state);
    Interest& ann = room.join(room.first, "ann");
    room.zone.store->leave(ann, "ann", true);
    room.pass(-3600'000);
    assert_text(room.told(), "+ann -ann");
}

// Nobody else is interested by then: it costs nothing but the time.
void test_nobody_is_left(void** state)
{
    Room& room = state_of<Room>(state);
    room.join(room.first, "ann");
    room.zone.store->detach(room.first);
    room.zone.store->detach(room.second);
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
    room.zone.store->leave(ann, "ann");
    room.zone.store->leave(ann, "bob", true);
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
        cmocka_unit_test_setup_teardown(test_the_clock_is_set_back,
                                        make_state<Room>, end_room),
        cmocka_unit_test_setup_teardown(test_nobody_is_left, make_state<Room>,
                                        end_room),
        cmocka_unit_test_setup_teardown(test_a_full_zone_tells_of_leaves,
                                        make_state<Room>, end_room),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
