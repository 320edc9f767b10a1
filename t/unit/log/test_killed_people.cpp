// A worker that is killed before each single instruction of what it does with
// people: the zone is whole, and whoever goes on tells other hosts what there
// is.
#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "support/people_hosts.hpp"
#include "support/stepper.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

class Killed {
public:
    Killed()
    {
        for (size_t i = 0; i < 2; i++) {
            hosts[i].join("ann");
        }
        hosts[0].join("bob");
        hosts.settle();
        (void)hosts[0].told();
        (void)hosts[1].told();
    }

    // The first host does the work, and dies at each place in it.
    void die_anywhere(const std::function<void(PeoplesHost&)>& work)
    {
        Stepper stepper([&] { work(hosts[0]); });
        if (!stepper.is_allowed()) {
            return skip();
        }
        size_t states = 0;
        keep();
        for (bool more = true; more;) {
            more = stepper.step();
            const auto now = hosts[0].host.memory.bytes();
            if (std::memcmp(kept_[0].data(), now.data(), now.size()) != 0) {
                keep();
                states++;
                hosts[0].host.memory.force_unlock(stepper.pid());
                go_on();
                fall_back();
            }
        }
        assert_true(states > 5);
    }
    std::string who() { return hosts[1].who(); }

    PeoplesHosts hosts{2, 320UL << 10};

private:
    void keep()
    {
        for (size_t i = 0; i < 2; i++) {
            const auto now = hosts[i].host.memory.bytes();
            kept_[i].assign(now.begin(), now.end());
            next_[i] = hosts[i].next;
        }
        entries_ = hosts.log.entries.size();
    }
    void fall_back()
    {
        for (size_t i = 0; i < 2; i++) {
            std::copy(kept_[i].begin(), kept_[i].end(),
                      hosts[i].host.memory.bytes().begin());
            hosts[i].next = next_[i];
        }
        hosts.log.entries.resize(entries_);
    }
    void go_on()
    {
        {
            const Transaction repair(hosts[0].host.memory,
                                     *hosts[0].host.header);
        }
        assert_text(hosts[0].host.fault(), "");
        hosts[0].teller = std::make_unique<PeopleTeller>(
            hosts[0].store(), hosts[0].host.host_clock);
        hosts[0].teller->begin();
        hosts[1].say_alive(); // it may have left
        hosts.settle();
        hosts[0].expire(); // what somebody left to be done
        hosts.settle();
        assert_text(hosts[1].who(), hosts[0].who());
        assert_false(hosts[0].teller->has_any());
        assert_text(hosts.fault(), "");
    }

    std::vector<char> kept_[2];
    size_t next_[2] = {};
    size_t entries_ = 0;
};

void take(PeoplesHost& host)
{
    std::vector<PersonNews> news;
    (void)host.store().own_people.take(true, news);
}

void test_join_and_leave(void** state)
{
    auto& killed = state_of<Killed>(state);
    killed.die_anywhere([](PeoplesHost& host) { host.join("cid"); });
    killed.die_anywhere([](PeoplesHost& host) { host.join("cid"); });
    killed.hosts.settle();
    killed.die_anywhere([](PeoplesHost& host) { host.leave("cid"); });
    killed.die_anywhere([](PeoplesHost& host) { host.leave("cid"); });
    killed.die_anywhere([](PeoplesHost& host) { host.join("cid"); });
    killed.hosts.settle();
    assert_text(killed.who(), "4 ann bob cid");
}

void test_telling(void** state)
{
    auto& killed = state_of<Killed>(state);
    killed.hosts[0].join("cid");
    killed.hosts[0].join("ann");
    killed.hosts[0].leave("bob");
    killed.die_anywhere(take);
    killed.die_anywhere([](PeoplesHost& host) { host.teller->begin(); });
    killed.die_anywhere(take);
    killed.hosts[0].say_alive();
    killed.hosts.hosts[0]->read();
    killed.die_anywhere(take);
}

// Who was told of has arrived here and elsewhere.
void test_applying(void** state)
{
    auto& killed = state_of<Killed>(state);
    const auto read = [](PeoplesHost& host) {
        host.read();
    };
    killed.hosts[0].join("cid");
    killed.hosts[0].leave("bob");
    killed.hosts[0].leave("ann");
    killed.hosts[0].teller->tell(killed.hosts[0].connection);
    killed.die_anywhere(read);
    killed.hosts[1].join("bob");
    killed.hosts[1].join("dan");
    killed.hosts[1].leave("ann");
    killed.hosts[1].tell();
    killed.die_anywhere(read);
    killed.hosts[1].say_alive(true);
    killed.die_anywhere(read);
    assert_text(killed.hosts[0].who(), "3 bob cid dan");
    killed.die_anywhere([](PeoplesHost& host) { host.expire(); });
    assert_text(killed.hosts[0].who(), "1 bob cid dan");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    if (!Stepper::is_of_use()) {
        return 0;
    }
    const auto of_killed = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Killed>, destroy_state<Killed>,
                          nullptr};
    };
    const CMUnitTest tests[] = {
        of_killed("test_join_and_leave", test_join_and_leave),
        of_killed("test_telling", test_telling),
        of_killed("test_applying", test_applying),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
