// A session with several selectors that match the same topic is one subscriber
// of it.
#include <memory>
#include <string>

#include "broker/groups.hpp"
#include "broker/overlaps.hpp"
#include "broker/session.hpp"
#include "support/ports.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// A worker whose groups "a/**" and "*/b" are in the zone.
struct Worker {
    explicit Worker(Zone& z)
        : zone(z), worker(z.attach()), overlaps(*z.store, worker)
    {
        for (Group* group : {&below, &named}) {
            group->record = zone.store->selectors.add(worker, group->selector);
        }
    }
    ~Worker() { zone.store->workers.detach(worker); }

    // How many subscribers a publish to a new topic is answered with.
    uint64_t told_to(std::string_view topic)
    {
        return zone.put(topic, "x").subscribers;
    }

    Zone& zone;
    WorkerId worker;
    Overlaps overlaps;
    Group below{*Selector::parse("a/**")};
    Group named{*Selector::parse("*/b")};
};

struct Member {
    explicit Member(Worker& w) : worker(w) {}

    bool subscribe(Group& group)
    {
        auto made = std::make_unique<Subscription>();
        made->session = &session;
        made->group = &group;
        group.members.push_back(made.get());
        worker.zone.store->selectors.set_sessions(
            *group.record, static_cast<uint32_t>(group.members.size()));
        const bool added = worker.overlaps.add(*made);
        session.seat().subscriptions.add(std::move(made));
        return added;
    }

    Worker& worker;
    FakeClock clock;
    RecordingTransport transport{clock};
    SessionLimits limits;
    Session session{transport, Encoding{}, limits};
};

void test_counted_once(void** state)
{
    Worker worker(state_of<Zone>(state));
    Member both(worker);
    assert_true(both.subscribe(worker.below));
    assert_null(both.session.seat().overlap);
    assert_true(both.subscribe(worker.named));
    assert_non_null(both.session.seat().overlap);
    assert_int_equal(worker.told_to("a/b"), 1);
    assert_int_equal(worker.told_to("a/c"), 1);

    // Another session of the same selectors shares the record.
    Member other(worker);
    other.subscribe(worker.below);
    other.subscribe(worker.named);
    assert_ptr_equal(both.session.seat().overlap, other.session.seat().overlap);
    assert_int_equal(both.session.seat().overlap->sessions, 2);
    worker.overlaps.remove_all(both.session);
    assert_null(both.session.seat().overlap);
    assert_int_equal(other.session.seat().overlap->sessions, 1);
    worker.overlaps.remove_all(other.session);
}

void test_one_ends(void** state)
{
    Worker worker(state_of<Zone>(state));
    Member both(worker);
    both.subscribe(worker.below);
    both.subscribe(worker.named);
    const auto wild = both.session.seat().subscriptions.with_wildcards();
    worker.overlaps.remove(*wild[1]);
    assert_null(both.session.seat().overlap); // one selector is no overlap
}

void test_full_zone(void** state)
{
    auto& zone = state_of<Zone>(state);
    Worker worker(zone);
    Member both(worker);
    both.subscribe(worker.below);
    zone.leave_room(0);
    assert_false(both.subscribe(worker.named));
    assert_null(both.session.seat().overlap);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counted_once, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_one_ends, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_full_zone, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
