// What hosts tell each other of the people on them: whoever is told of joins
// and leaves sees no difference to workers of one host.
#include <cstdio>
#include <string>

#include "support/people_hosts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

int end_hosts(void** state)
{
    const std::string fault = state_of<PeoplesHosts>(state).fault();
    destroy_state<PeoplesHosts>(state);
    if (!fault.empty()) {
        std::fprintf(stderr, "a zone: %s\n", fault.c_str());
    }
    return fault.empty() ? 0 : -1;
}

int make_hosts(void** state)
{
    *state = new PeoplesHosts();
    return 0;
}

void test_join_and_leave(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[0].join("ann");
    hosts.settle();
    for (size_t i = 0; i < 3; i++) {
        assert_text(hosts[i].told(), "+ann");
        assert_text(hosts[i].who(), "1 ann");
    }
    hosts[1].join("ann");
    hosts.settle();
    assert_text(hosts[0].who(), "2 ann");
    hosts[0].leave("ann");
    hosts.settle();
    assert_text(hosts[0].told(), "");
    assert_text(hosts[2].who(), "1 ann");
    hosts[1].leave("ann");
    hosts.settle();
    for (size_t i = 0; i < 3; i++) {
        assert_text(hosts[i].told(), "-ann");
        assert_text(hosts[i].who(), "0");
        assert_true(hosts[i].has_nobody());
    }
}

// How many connections somebody has is told at most once a second.
void test_counts(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[0].join("ann");
    hosts.pass(1000);
    hosts[0].join("ann");
    hosts.settle();
    assert_text(hosts[1].who(), "2 ann"); // the first one
    hosts[0].join("ann");
    assert_true(hosts[0].join("ann", hosts[0].second));
    hosts.settle();
    assert_text(hosts[0].who(), "4 ann");
    assert_text(hosts[1].who(), "2 ann");
    hosts[0].connection.take();
    hosts.pass(1000);
    assert_text(hosts[1].who(), "4 ann");
    assert_int_equal(hosts[0].connection.take().size(), 1);
    hosts[0].leave("ann");
    hosts[0].leave("ann");
    hosts.pass(1000);
    assert_text(hosts[1].who(), "2 ann");
    assert_text(hosts[1].told(), "+ann");
}

void test_flapping(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    for (int i = 0; i < 10; i++) {
        hosts[0].join("ann");
        hosts[0].leave("ann");
    }
    assert_true(hosts[0].has_nobody());
    hosts[0].join("ann");
    hosts.settle();
    hosts[0].connection.take();
    for (int i = 0; i < 10; i++) {
        hosts[0].leave("ann");
        hosts[0].join("ann");
    }
    hosts.settle();
    assert_true(hosts[0].connection.take().empty());
    assert_text(hosts[1].told(), "+ann");
    // While nothing can be told there is one record of each.
    hosts[0].connection.close("");
    for (int i = 0; i < 10; i++) {
        hosts[0].leave("ann");
        hosts[0].join("ann");
        hosts[0].leave("ann");
        hosts.settle();
    }
    hosts[0].connection.open();
    hosts.pass(1000);
    assert_text(hosts[1].told(), "-ann");
    assert_true(hosts[0].has_nobody());
}

// Nothing is told of a worker that ends, nor of clients that go elsewhere.
void test_expected_back(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    for (const char* who : {"ann", "bob", "cid", "dan"}) {
        hosts[0].join(who);
    }
    hosts.settle();
    assert_text(hosts[1].told(), "+ann +bob +cid +dan");
    hosts[0].store().workers.detach(hosts[0].first);
    hosts.pass(1000);
    assert_text(hosts[1].who(), "4 ann bob cid dan");
    assert_true(hosts[0].join("ann", hosts[0].second));
    hosts[1].join("bob");
    hosts.pass(kPresenceGraceMs - 2000);
    assert_true(hosts[0].join("dan", hosts[0].second));
    hosts[0].leave("dan", hosts[0].second);
    assert_text(hosts[1].told(), "");
    hosts.pass(1000);
    assert_text(hosts[1].told(), "-dan -cid");
    assert_text(hosts[2].told(), "+ann +bob +cid +dan -dan -cid");
    assert_text(hosts[2].who(), "2 ann bob");
}

void test_a_host_is_gone(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    for (const char* who : {"ann", "bob", "cid"}) {
        hosts[0].join(who);
    }
    hosts[1].join("cid");
    hosts.settle();
    assert_text(hosts[1].told(), "+cid +ann +bob");
    hosts[0].is_alive = false;
    hosts.pass(kLogHostGoneMs - 500);
    assert_text(hosts[1].who(), "4 ann bob cid");
    hosts.pass(1000);
    assert_text(hosts[1].who(), "1 ann bob cid");
    hosts[2].join("bob");
    hosts.pass(kPresenceGraceMs - 1500);
    assert_text(hosts[1].told(), "");
    hosts.pass(2000);
    assert_text(hosts[1].told(), "-ann");
    assert_text(hosts[1].who(), "2 bob cid");
    // And is back, with those whom it still has.
    hosts[0].leave("bob");
    hosts[0].is_alive = true;
    hosts.pass(500);
    hosts.pass(10'000);
    assert_text(hosts[1].told(), "+ann");
    assert_text(hosts[1].who(), "4 ann bob cid");
    assert_text(hosts[0].who(), "4 ann bob cid");
    // Of the other one who is bob it has heard late.
    assert_text(hosts[0].told(), "+ann +bob +cid -bob +bob");
}

void test_a_host_leaves(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[0].join("ann");
    hosts[0].join("bob");
    hosts.settle();
    assert_text(hosts[1].told(), "+ann +bob");
    hosts[0].say_alive(true);
    hosts[0].is_alive = false;
    hosts.pass(500);
    assert_text(hosts[1].who(), "0 ann bob");
    hosts[2].join("ann");
    hosts.pass(kPresenceGraceMs);
    assert_text(hosts[1].told(), "-bob");
    assert_text(hosts[1].who(), "1 ann");
}

// Nobody leaves because the log could not be reached.
void test_silence(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[0].join("ann");
    hosts[1].join("bob");
    hosts.settle();
    hosts.log.id.ms += 60'000;
    hosts[2].say_alive();
    hosts.settle();
    for (size_t i = 0; i < 3; i++) {
        hosts[i].host.host_clock.now += 60'000;
        hosts[i].expire();
        assert_text(hosts[i].who(), "2 ann bob");
    }
    hosts.pass(500);
    hosts.pass(kLogHostGoneMs + kPresenceGraceMs);
    assert_text(hosts[2].told(), "+ann +bob");
}

// A host that knows of nobody is told by all.
void test_a_host_comes(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    constexpr size_t kPeople = 900;
    const std::string name(200, 'x');
    for (size_t i = 0; i < kPeople; i++) {
        hosts[i % 2].join(name + std::to_string(i));
    }
    hosts[2].join("ann");
    hosts.settle();
    hosts[0].connection.take();
    hosts.hosts.push_back(std::make_unique<PeoplesHost>(hosts.log, 4));
    hosts[3].watch();
    hosts[3].say_alive();
    hosts[0].read();
    hosts[0].tell();
    const auto told = hosts[0].connection.take();
    assert_true(told.size() > 1);
    assert_true(told.size() <= PeopleTeller::kMostOnTheWay);
    for (const std::string& entry : told) {
        assert_true(entry.size() < OwnPeople::kEntryBytes + 1000);
    }
    hosts.settle();
    assert_int_equal(hosts[3].store().presence.who("room", 10'000).who.size(),
                     kPeople + 1);
    (void)hosts[3].told();
    assert_int_equal(hosts[3].seen.size(), kPeople + 1);
    hosts.pass(3000);
    hosts[0].connection.take();
    hosts.pass(3000);
    assert_true(hosts[0].connection.take().empty());
    (void)hosts[0].told();
    assert_int_equal(hosts[0].seen.size(), kPeople + 1);
}

// What it has may be wrong: others tell of all, and who is not told of leaves.
void test_a_host_begins_anew(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[0].join("ann");
    hosts[0].join("bob");
    hosts[1].join("cid");
    hosts[2].join("dan");
    hosts.settle();
    assert_text(hosts[2].told(), "+dan +ann +bob +cid");
    hosts[0].leave("bob");
    hosts[0].tell();
    hosts[2].next = hosts.log.entries.size(); // which it does not see
    hosts[2].store().people.begin_anew();
    hosts[2].expire();
    hosts.settle();
    assert_text(hosts[2].who(), "1 ann bob cid dan");
    hosts[2].say_alive();
    hosts.settle();
    assert_text(hosts[2].who(), "3 ann bob cid dan");
    assert_false(hosts[2].store().people.asks());
    hosts.pass(kPresenceGraceMs);
    assert_text(hosts[2].told(), "-bob");
    assert_text(hosts[2].who(), "3 ann cid dan");
    assert_text(hosts[1].told(), "+cid +ann +bob +dan -bob");
}

// The log says that somebody came, but has lost that he left: who reads it anew
// is told by who knows.
void test_a_leave_that_is_lost(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[1].join("ann");
    hosts[1].join("bob");
    hosts.settle();
    hosts[1].leave("bob");
    hosts[1].tell();
    hosts[1].read();
    hosts.log.entries.pop_back();
    hosts[1].next--;
    hosts.hosts.push_back(std::make_unique<PeoplesHost>(hosts.log, 4));
    hosts[3].next = 0;
    hosts[3].watch();
    hosts[3].store().people.begin_anew();
    hosts[3].read();
    assert_text(hosts[3].told(), "");
    hosts[3].say_alive();
    hosts.settle();
    assert_text(hosts[3].told(), "+ann");
    assert_text(hosts[3].who(), "1 ann");
    assert_text(hosts[1].who(), "1 ann");
}

void test_lost_entries(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    auto& connection = hosts[0].connection;
    connection.lose(true);
    hosts[0].join("ann");
    hosts[0].teller->tell(connection);
    hosts[0].leave("ann");
    hosts[0].join("bob");
    hosts[0].teller->tell(connection);
    connection.answer(LogOutcome::Kind::unknown);
    connection.lose(false);
    hosts.settle(); // it waits for a little
    assert_text(hosts[1].told(), "");
    hosts.pass(500);
    assert_text(hosts[1].told(), "+bob");
    // They come all the same, after what has replaced them.
    connection.arrive();
    hosts.settle();
    assert_text(hosts[1].told(), "");
    // The worker ends, before or after it has appended.
    hosts[0].join("cid");
    std::vector<PersonNews> news;
    (void)hosts[0].store().own_people.take(true, news);
    assert_int_equal(news.size(), 1);
    hosts[0].teller =
        std::make_unique<PeopleTeller>(hosts[0].store(), hosts[0].host.clock);
    hosts[0].teller->begin();
    hosts.settle();
    assert_text(hosts[1].told(), "+cid");
    hosts[0].leave("cid");
    hosts[0].teller->tell(connection);
    hosts[0].teller.reset();
    connection.answer(); // for who is there no more
    hosts[0].teller =
        std::make_unique<PeopleTeller>(hosts[0].store(), hosts[0].host.clock);
    hosts.settle();
    assert_text(hosts[1].told(), "-cid");
    assert_text(hosts[2].who(), "1 bob");
}

// One of them was lost, and nobody has said so.
void test_a_hole(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[0].join("ann");
    hosts[0].connection.lose(true);
    hosts[0].tell();
    hosts[0].connection.lose(false);
    hosts[0].join("bob");
    hosts.settle();
    assert_text(hosts[1].told(), "+bob +ann");
    hosts[0].leave("ann");
    hosts[0].leave("bob");
    hosts.settle();
    assert_true(hosts[0].has_nobody());
}

void test_topics_that_are_not_there(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    hosts[1].store().selectors.set_sessions(
        *hosts[1].store().selectors.add(hosts[1].second,
                                        *Selector::parse("hall/*")),
        1);
    assert_true(hosts[0].join("ann", hosts[0].first, "hall/1"));
    assert_true(hosts[0].join("bob", hosts[0].first, "hall/2"));
    assert_true(hosts[0].join("cid", hosts[0].first, "$events/topics"));
    hosts.settle();
    assert_text(hosts[1].told(), "+ann +bob");
    assert_text(hosts[1].who("$events/topics"), "0");
    assert_text(hosts[2].who("hall/1"), "1 ann");
    hosts[0].leave("ann", hosts[0].first, "hall/1");
    hosts[0].store().workers.detach(hosts[0].first);
    hosts.pass(kPresenceGraceMs + 500);
    assert_text(hosts[1].told(), "-ann -bob");
    // Nobody there needs any of it.
    for (size_t i = 0; i < 3; i += 2) {
        for (const char* room : {"hall/1", "hall/2"}) {
            assert_null(hosts[i].store().topics.parts().records.find(room));
        }
    }
}

// Who does not fit is left out, and the host goes on.
void test_too_little_room(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    constexpr size_t kPeople = 2000;
    for (size_t i = 0; i < kPeople; i++) {
        hosts[0].join("someone " + std::to_string(i));
    }
    ShareBook& small = hosts[1].host.header->shares;
    small.held_most = small.held + 100'000;
    hosts.settle();
    const auto some = hosts[1].store().presence.who("room", 10'000);
    assert_in_range(some.who.size(), 100, 900);
    assert_true(small.held <= small.held_most);
    assert_int_equal(hosts[2].store().presence.who("room", 10'000).who.size(),
                     kPeople);
    assert_true(hosts[0].host.state() == hosts[1].host.state());
    for (size_t i = 0; i < kPeople; i++) {
        hosts[0].leave("someone " + std::to_string(i));
    }
    hosts.settle();
    assert_text(hosts[1].who(), "0");
    hosts[0].join("ann");
    hosts.settle();
    assert_text(hosts[1].who(), "1 ann");
}

// The worker that follows the log is woken, once for all that there is.
// Only who leads can say that nobody may append.
void test_unready(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    Following& following = hosts[0].store().following;
    following.give_up(hosts[0].second);
    (void)following.lead(hosts[0].first);
    following.set_state(ClusterState::following);
    following.make_ready("one");
    following.unready(hosts[0].second);
    assert_true(following.is_ready("one"));
    following.unready(hosts[0].first);
    assert_false(following.is_ready("one"));
}

void test_wakes(void** state)
{
    auto& hosts = state_of<PeoplesHosts>(state);
    const auto wakes_of = [&](PeoplesHost& host) {
        size_t count = 0;
        for (const auto& wake : host.host.waker.take()) {
            count += wake.worker == host.first ? 1 : 0;
        }
        return count;
    };
    hosts[0].store().following.give_up(hosts[0].second);
    (void)hosts[0].store().following.lead(hosts[0].first);
    (void)wakes_of(hosts[0]);
    assert_false(hosts[0].teller->has_any());
    hosts[0].join("ann");
    hosts[0].leave("bob");
    hosts[0].join("bob");
    assert_int_equal(wakes_of(hosts[0]), 2); // and its inbox
    assert_true(hosts[0].teller->has_any());
    hosts.settle();
    assert_false(hosts[0].teller->has_any());
}

// A zone of one host alone has nothing of this.
void test_one_host_alone(void** /*state*/)
{
    Zone zone;
    Interest& interest =
        *zone.store->interests.add(zone.attach(), "room", 1).interest;
    zone.waker.take();
    assert_true(zone.store->presence.join(interest, "ann"));
    assert_null(zone.header->cluster.people.buckets);
    assert_int_equal(interest.topic->presence->own, 0);
    zone.store->presence.leave(interest, "ann");
    assert_text(zone.fault(), "");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_hosts = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_hosts, end_hosts, nullptr};
    };
    const CMUnitTest tests[] = {
        of_hosts("test_join_and_leave", test_join_and_leave),
        of_hosts("test_counts", test_counts),
        of_hosts("test_flapping", test_flapping),
        of_hosts("test_expected_back", test_expected_back),
        of_hosts("test_a_host_is_gone", test_a_host_is_gone),
        of_hosts("test_a_host_leaves", test_a_host_leaves),
        of_hosts("test_silence", test_silence),
        of_hosts("test_a_host_comes", test_a_host_comes),
        of_hosts("test_a_host_begins_anew", test_a_host_begins_anew),
        of_hosts("test_a_leave_that_is_lost", test_a_leave_that_is_lost),
        of_hosts("test_lost_entries", test_lost_entries),
        of_hosts("test_a_hole", test_a_hole),
        of_hosts("test_topics_that_are_not_there",
                 test_topics_that_are_not_there),
        of_hosts("test_too_little_room", test_too_little_room),
        of_hosts("test_unready", test_unready),
        of_hosts("test_wakes", test_wakes),
        cmocka_unit_test(test_one_host_alone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
