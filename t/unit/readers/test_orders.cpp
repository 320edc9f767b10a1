// Orders to all workers: who gets them, how long they stay, what is answered.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

Orders& orders_of(Zone& zone)
{
    return zone.store->orders;
}

PlacedOrder place(Zone& zone, WorkerId asker, std::string_view argument,
                  OrderKind kind = OrderKind::close)
{
    auto placed = orders_of(zone).place(asker, kind, argument, kOrderMs);
    assert_true(bool(placed));
    return *placed;
}

// The arguments of all that the worker has yet to read; "missed " before one
// that it was told so with.
std::string read_all(Zone& zone, WorkerId worker)
{
    std::string text;
    for (;;) {
        const OrderToRead order = orders_of(zone).read(worker);
        text += order.missed ? "missed " : "";
        if (order.number == 0) {
            return text;
        }
        text += order.argument + ' ';
    }
}

void test_each_reaches_all_once(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId workers[] = {zone.attach(), zone.attach(), zone.attach()};
    const std::string names[] = {"a", "b", "c"};
    for (const WorkerId worker : workers) {
        assert_false(orders_of(zone).may_have_some(worker));
        zone.waker.take();
        assert_int_equal(place(zone, worker, names[worker]).workers.size(), 3);
        assert_int_equal(zone.waker.take().size(), 3);
        for (const WorkerId reader : workers) {
            assert_true(orders_of(zone).may_have_some(reader));
            assert_int_equal(zone.header->orders.count, 1);
            const OrderToRead order = orders_of(zone).read(reader);
            assert_text(order.argument, names[worker]);
            assert_int_equal(order.asker, worker);
            assert_false(orders_of(zone).may_have_some(reader));
            assert_int_equal(orders_of(zone).read(reader).number, 0);
        }
        assert_int_equal(zone.header->orders.count, 0);
    }
}

void test_who_comes_later_has_none(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId first = zone.attach();
    place(zone, first, "a");
    const WorkerId second = zone.attach();
    assert_text(read_all(zone, second), "");
    place(zone, second, "b");
    assert_text(read_all(zone, second), "b ");
    assert_text(read_all(zone, first), "a b ");
}

void test_who_has_missed_one_is_told(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId here = zone.attach();
    const WorkerId hangs = zone.attach();
    place(zone, here, "a");
    assert_text(read_all(zone, here), "a ");
    zone.clock.now += kOrderMs - 1;
    zone.store->expire(zone.clock.now);
    place(zone, here, "b");
    zone.clock.now += 1;
    zone.store->expire(zone.clock.now);
    assert_int_equal(zone.header->orders.count, 1);
    assert_text(read_all(zone, here), "b ");
    assert_text(read_all(zone, hangs), "missed b ");
    place(zone, here, "c");
    zone.clock.now += kOrderMs;
    zone.store->expire(zone.clock.now);
    // Nothing is left to read for either, and one has not read it.
    assert_text(read_all(zone, here), "missed ");
    assert_text(read_all(zone, hangs), "missed ");
    assert_text(read_all(zone, hangs), "");
}

void test_lists_may_be_missed(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId here = zone.attach();
    const WorkerId hangs = zone.attach();
    place(zone, here, "close");
    assert_true(bool(
        orders_of(zone).place(here, OrderKind::list, "list", kControlWaitMs)));
    assert_text(read_all(zone, here), "close list ");
    zone.clock.now += kControlWaitMs;
    zone.store->expire(zone.clock.now);
    assert_int_equal(zone.header->orders.count, 1);
    assert_text(read_all(zone, hangs), "close ");
}

void test_limits(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId here = zone.attach();
    const WorkerId hangs = zone.attach();
    for (size_t i = 0; i < kMaxOrders; i++) {
        place(zone, here, std::to_string(i));
        (void)orders_of(zone).read(here);
    }
    // Whoever has not read it may be about to.
    zone.clock.now += kControlWaitMs - 1;
    assert_int_equal(orders_of(zone)
                         .place(here, OrderKind::close, "x", kOrderMs)
                         .error()
                         .code,
                     Errc::unavailable);
    zone.clock.now += 1;
    for (size_t i = 0; i < 2; i++) {
        place(zone, here, "x");
        (void)orders_of(zone).read(here);
    }
    assert_int_equal(zone.header->orders.count, kMaxOrders);
    assert_int_equal(zone.header->orders.head->number, 3);
    assert_true(orders_of(zone).read(hangs).missed);
    assert_false(orders_of(zone).read(hangs).missed);

    const size_t most = kTestZoneBytes / kOrdersZoneShare;
    const std::string quarter(most / 4, 'x');
    for (size_t i = 0; i < 6; i++) {
        zone.clock.now += kControlWaitMs;
        place(zone, here, quarter);
    }
    assert_int_equal(zone.header->orders.count, 3);
    const auto refused = orders_of(zone).place(
        here, OrderKind::close, std::string(most, 'x'), kOrderMs);
    assert_int_equal(refused.error().code, Errc::limit);
}

// An order pushes messages out.
void test_full_zone(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.leave_room(1500);
    while (zone.header->totals.evicted == 0) {
        zone.put("a", "x", keeping(1000));
    }
    place(zone, worker, std::string(300, 'x'));
    assert_true(zone.header->totals.evicted > 1);

    zone.memory.fail_from(1);
    const auto refused =
        orders_of(zone).place(worker, OrderKind::close, "x", kOrderMs);
    assert_int_equal(refused.error().code, Errc::zone_full);
    zone.memory.fail_from(0);
    read_all(zone, worker);
}

void test_answers(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId asker = zone.attach();
    const WorkerId other = zone.attach();
    const uint64_t number = place(zone, asker, "a").number;
    for (const WorkerId worker : {other, asker}) {
        const OrderToRead order = orders_of(zone).read(worker);
        zone.waker.take();
        assert_true(orders_of(zone).answer(worker, order, "yes"));
        assert_int_equal(zone.waker.take()[0].worker, asker);
    }
    assert_true(orders_of(zone).may_have_some(asker));
    assert_false(orders_of(zone).may_have_some(other));
    const auto answers = orders_of(zone).take_answers(asker);
    assert_int_equal(answers.size(), 2);
    assert_int_equal(answers[0].worker, asker);
    assert_int_equal(answers[1].worker, other);
    assert_int_equal(answers[0].order, number);
    assert_text(answers[0].text, "yes");
    assert_false(orders_of(zone).may_have_some(asker));
    assert_int_equal(orders_of(zone).take_answers(asker).size(), 0);
}

void test_long_answers(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    place(zone, worker, "a");
    const OrderToRead order = orders_of(zone).read(worker);
    const std::string text(kMaxReplyBytes + 1, 'x');
    const auto answer = [&](size_t bytes) {
        return orders_of(zone).answer(worker, order,
                                      std::string_view(text).substr(0, bytes));
    };
    assert_false(answer(kMaxReplyBytes + 1));
    assert_true(answer(kMaxReplyBytes));
    zone.leave_room(2000);
    assert_false(answer(600));
    assert_true(answer(500));
    zone.leave_room(300);
    assert_true(answer(200));
    zone.leave_room(0);
    assert_false(answer(1));
}

// Who has died counts as having answered, and holds up no order; his own
// answers are freed with his slot, and who comes after him hears none.
void test_dead_workers(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId dies = zone.attach();
    const WorkerId here = zone.attach();
    const PlacedOrder placed = place(zone, dies, "a");
    assert_int_equal(placed.workers[0].worker, dies);
    assert_true(orders_of(zone).is_there(placed.workers[0]));
    const OrderToRead order = orders_of(zone).read(here);
    assert_true(orders_of(zone).answer(here, order, "yes"));

    zone.store->workers.detach(dies);
    assert_false(orders_of(zone).is_there(placed.workers[0]));
    assert_true(orders_of(zone).is_there(placed.workers[1]));
    zone.store->expire(zone.clock.now);
    assert_int_equal(zone.header->orders.count, 0);
    assert_int_equal(zone.memory.live_blocks(), 1); // the spare

    assert_int_equal(zone.attach(), dies);
    assert_true(orders_of(zone).answer(here, order, "yes"));
    assert_null(zone.header->workers[dies].replies);
    assert_false(orders_of(zone).is_there(placed.workers[0]));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_zone = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_zone, end_zone, nullptr};
    };
    const CMUnitTest tests[] = {
        of_zone("test_each_reaches_all_once", test_each_reaches_all_once),
        of_zone("test_who_comes_later_has_none", test_who_comes_later_has_none),
        of_zone("test_who_has_missed_one_is_told",
                test_who_has_missed_one_is_told),
        of_zone("test_lists_may_be_missed", test_lists_may_be_missed),
        of_zone("test_limits", test_limits),
        of_zone("test_full_zone", test_full_zone),
        of_zone("test_answers", test_answers),
        of_zone("test_long_answers", test_long_answers),
        of_zone("test_dead_workers", test_dead_workers),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
