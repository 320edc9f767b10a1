// Topics and groups of a worker, and how they find each other, without any
// session.
#include <string>

#include "broker/local_topics.hpp"
#include "support/ports.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

struct Worker {
    explicit Worker(Zone& z) : zone(z), id(z.attach()) {}
    ~Worker() { zone.store->workers.detach(id); }

    Group& group_of(const char* selector)
    {
        return *topics.group_of(*Selector::parse(selector));
    }
    // Nobody is about to subscribe to it any more.
    bool give_up(Group& group)
    {
        group.pending.reset();
        return topics.release_if_unused(group);
    }
    void run()
    {
        while (topics.run()) {
        }
    }

    Zone& zone;
    WorkerId id;
    Policies policies;
    FakeScheduler scheduler;
    Passes passes;
    SubscriberCounts counts{*zone.store, scheduler, passes};
    PresenceQueue untold;
    LocalTopics topics{*zone.store, policies, id, scheduler, counts, untold};
};

void test_linked_to_both_kinds(void** state)
{
    Worker worker(state_of<Zone>(state));
    for (int i = 0; i < 600; i++) {
        assert_non_null(worker.topics.find_or_add("a/" + std::to_string(i)));
    }
    Group& below = worker.group_of("a/**");
    assert_ptr_equal(worker.topics.find_group("a/**"), &below);
    // One that becomes local now is linked at once; the others step by step.
    LocalTopic* later = worker.topics.find_or_add("a/x");
    assert_int_equal(below.topics.size(), 1);
    assert_ptr_equal(later->groups.front(), &below);
    size_t left = 10;
    assert_false(worker.topics.link_some(below, left));
    assert_int_equal(left, 0);
    assert_int_equal(below.topics.size(), 11);
    left = 10'000;
    while (!worker.topics.link_some(below, left)) {
    }
    assert_int_equal(below.topics.size(), 601);
    for (size_t i = 0; i < below.topics.size(); i++) {
        const LocalTopic& topic = *below.topics[i];
        assert_ptr_equal(topic.groups[below.places[i]], &below);
        assert_int_equal(topic.places[below.places[i]], i);
    }
    assert_true(worker.give_up(below));
    worker.run();
}

void test_let_go(void** state)
{
    auto& zone = state_of<Zone>(state);
    Worker worker(zone);
    zone.put("a/b", "x");
    Group& wild = worker.group_of("a/*");
    Group& exact = worker.group_of("a/b");
    LocalTopic* topic = worker.topics.find_or_add("a/b");
    assert_int_equal(topic->groups.size(), 2);
    assert_false(worker.topics.release_if_unused(wild)); // somebody waits
    worker.scheduler.asked = false;
    assert_true(worker.give_up(wild));
    assert_true(worker.scheduler.asked);
    assert_null(worker.topics.find_group("a/*"));
    worker.run();
    assert_ptr_equal(worker.topics.find("a/b"), topic);
    assert_int_equal(topic->groups.size(), 1);
    assert_true(worker.give_up(exact));
    worker.run();
    assert_null(worker.topics.find("a/b"));
}

// A topic that is not there is needed by nobody who did not name it, but for
// those whom it is told who was in it.
void test_gone(void** state)
{
    Worker worker(state_of<Zone>(state));
    Group& wild = worker.group_of("a/*");
    LocalTopic* topic = worker.topics.find_or_add("a/b");
    worker.untold.set(*topic, {{true, "ann"}});
    worker.run();
    assert_ptr_equal(worker.topics.find("a/b"), topic);
    assert_string_equal(worker.untold.take().who.c_str(), "ann");
    assert_true(worker.untold.empty());
    worker.untold.clear();
    worker.topics.review_later(*topic);
    worker.run();
    assert_null(worker.topics.find("a/b"));
    assert_int_equal(wild.topics.size(), 0);

    Group& exact = worker.group_of("a/c");
    assert_non_null(worker.topics.find_or_add("a/c"));
    worker.run();
    assert_non_null(worker.topics.find("a/c"));
    assert_true(worker.give_up(wild));
    assert_true(worker.give_up(exact));
    worker.run();
}

// A topic that comes to be is adopted by the groups that match it.
void test_adopted(void** state)
{
    auto& zone = state_of<Zone>(state);
    Worker worker(zone);
    Group& wild = worker.group_of("a/*");
    zone.put("a/b", "x");
    Delivery delivery;
    Batch batch;
    assert_true(zone.store->inboxes.read(worker.id, SIZE_MAX, delivery, batch));
    assert_int_equal(delivery.token, 0);
    const LocalTopic* topic = worker.topics.adopt(delivery);
    assert_non_null(topic);
    assert_ptr_equal(worker.topics.find("a/b"), topic);
    assert_ptr_equal(wild.topics.front(), topic);
    zone.put("a/b", "y");
    assert_true(zone.store->inboxes.read(worker.id, SIZE_MAX, delivery, batch));
    assert_int_equal(delivery.token, reinterpret_cast<uint64_t>(topic));
    assert_true(worker.give_up(wild));
    worker.run();
}

void test_full_zone(void** state)
{
    auto& zone = state_of<Zone>(state);
    Worker worker(zone);
    zone.leave_room(0);
    assert_null(worker.topics.group_of(*Selector::parse("a/**")));
    assert_null(worker.topics.find_or_add("a/b"));
    assert_int_equal(static_cast<int>(worker.topics.refuse_for_room().code),
                     static_cast<int>(Errc::zone_full));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto test = [](const char* name, CMUnitTestFunction function) {
        return CMUnitTest{name, function, make_zone, end_zone, nullptr};
    };
    const CMUnitTest tests[] = {
        test("linked_to_both_kinds", test_linked_to_both_kinds),
        test("let_go", test_let_go),
        test("gone", test_gone),
        test("adopted", test_adopted),
        test("full_zone", test_full_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
