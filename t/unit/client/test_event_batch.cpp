// Events as they are posted, and how far they are taken.
#include <string>

#include "base/position_text.hpp"
#include "client/event_batch.hpp"
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr EventTopic kSessions = EventTopic::sessions;

struct Carried {
    Carried() { follow(1000); }

    void follow(uint32_t history)
    {
        EventRules rules;
        rules.sessions = true;
        rules.policies[index_of(kSessions)] = keeping(history);
        zone.store->events.follow(rules);
    }
    void tell(int count)
    {
        for (int i = 0; i < count; i++) {
            zone.store->sessions.open(zone.attach(), "\"session\":1");
        }
    }
    bool read(size_t most = 100)
    {
        ReadLimits limits;
        limits.items = most;
        return zone.store->courier.read(kSessions, limits, parcel);
    }
    // Of the first event, and how many there are.
    std::string first()
    {
        return std::to_string(parcel.events[0].message.at.seq) + '+' +
               std::to_string(parcel.events.size());
    }
    bool take() { return zone.store->courier.take(kSessions, parcel); }
    Position newest() { return zone.store->topics.newest(path_of(kSessions)); }

    Zone zone;
    Parcel parcel;
};

void test_in_order(void** state)
{
    auto& carried = state_of<Carried>(state);
    assert_false(carried.read());
    carried.tell(3);
    assert_true(carried.read(2));
    assert_text(carried.first(), "1+2");
    assert_true(carried.read(2)); // it was not taken
    assert_text(carried.first(), "1+2");
    assert_true(carried.take());
    assert_false(carried.take()); // twice
    assert_true(carried.read(2));
    assert_text(carried.first(), "3+1");
    assert_true(carried.take());
    assert_false(carried.read());
    assert_int_equal(carried.zone.store->status().courier.events, 3);
}

void test_the_text(void** state)
{
    auto& carried = state_of<Carried>(state);
    carried.tell(1);
    assert_true(carried.read());
    const std::string event(carried.parcel.events[0].message.payload);
    assert_text(event_batch_text(kSessions, carried.parcel),
                "{\"events\":[" + event + "],\"first\":\"" +
                    position_text(carried.newest()) +
                    "\",\"topic\":\"$events/sessions\"}");
}

std::string gap(Position from, Position to)
{
    return R"({"events":[{"event":"gap","from":")" + position_text(from) +
           R"(","to":")" + position_text(to) + "\"},{";
}

void test_lost_of_history(void** state)
{
    auto& carried = state_of<Carried>(state);
    carried.follow(1);
    carried.tell(5);
    const uint64_t epoch = carried.newest().epoch;
    assert_true(carried.read());
    assert_text(carried.first(), "4+2");
    std::string text = event_batch_text(kSessions, carried.parcel);
    assert_true(text.starts_with(gap({epoch, 1}, {epoch, 3})));
    assert_true(carried.take());
    carried.tell(4);
    assert_true(carried.read());
    text = event_batch_text(kSessions, carried.parcel);
    assert_true(text.starts_with(gap({epoch, 6}, {epoch, 7})));
    assert_true(carried.take());
    assert_int_equal(carried.zone.store->status().courier.lost, 5);
}

// Nobody knows what there was when the topic went.
void test_another_life_of_the_topic(void** state)
{
    auto& carried = state_of<Carried>(state);
    carried.tell(2);
    const Position before = carried.newest();
    assert_true(carried.read());
    assert_true(carried.take());
    (void)carried.zone.remove(path_of(kSessions));
    carried.tell(1);
    assert_true(carried.read());
    const std::string text = event_batch_text(kSessions, carried.parcel);
    assert_true(text.starts_with(
        gap({before.epoch, before.seq + 1}, {carried.newest().epoch, 0})));
    assert_true(carried.take());
    assert_false(carried.read());
}

void test_one_leads(void** state)
{
    auto& carried = state_of<Carried>(state);
    Courier& courier = carried.zone.store->courier;
    const WorkerId first = carried.zone.attach();
    const WorkerId second = carried.zone.attach();
    assert_true(courier.lead(first));
    carried.zone.clock.now += kCourierLeaseMs - 1;
    assert_false(courier.lead(second));
    assert_true(courier.lead(first));
    carried.zone.clock.now += kCourierLeaseMs; // it hangs
    assert_true(courier.lead(second));
    assert_false(courier.lead(first));
    carried.zone.store->workers.detach(second);
    assert_true(courier.lead(first));
    courier.give_up(second);
    assert_false(courier.lead(carried.zone.attach()));
    courier.give_up(first);
    assert_int_equal(carried.zone.store->status().courier.leaders, 0);
}

void test_the_leader_is_woken(void** state)
{
    auto& carried = state_of<Carried>(state);
    Courier& courier = carried.zone.store->courier;
    const WorkerId leader = carried.zone.attach();
    carried.tell(1);
    assert_true(courier.lead(leader));
    assert_true(courier.may_have_news(leader));
    courier.take_news();
    assert_false(courier.may_have_news(leader));
    carried.zone.waker.take();
    carried.tell(3); // once
    assert_int_equal(carried.zone.waker.take().size(), 1);
    assert_true(courier.may_have_news(leader));
}

int end_carried(void** state)
{
    const std::string fault = state_of<Carried>(state).zone.fault();
    destroy_state<Carried>(state);
    return fault.empty() ? 0 : -1;
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_carried = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Carried>, end_carried,
                          nullptr};
    };
    const CMUnitTest tests[] = {
        of_carried("test_in_order", test_in_order),
        of_carried("test_the_text", test_the_text),
        of_carried("test_lost_of_history", test_lost_of_history),
        of_carried("test_another_life_of_the_topic",
                   test_another_life_of_the_topic),
        of_carried("test_one_leads", test_one_leads),
        of_carried("test_the_leader_is_woken", test_the_leader_is_woken),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
