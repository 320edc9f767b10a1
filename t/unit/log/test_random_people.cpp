// People who come and go on several hosts, amid entries that are lost or late,
// workers that end and hosts that are not heard of: in the end all hosts know
// the same people, those who are there, and have told of each as often as he
// came.
#include <map>
#include <random>
#include <string>

#include "support/people_hosts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

class Random {
public:
    explicit Random(uint64_t seed) : engine_(seed) {}
    uint64_t below(uint64_t n) { return engine_() % n; }
    bool one_in(uint64_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

class People3 {
public:
    explicit People3(uint64_t seed) : random_(seed) {}

    void act()
    {
        const size_t at = random_.below(3);
        PeoplesHost& host = hosts_[at];
        const uint64_t what = random_.below(100);
        if (what < 30) {
            join(at);
        } else if (what < 55) {
            leave(at);
        } else if (what < 70) {
            host.teller->tell(host.connection);
        } else if (what < 85) {
            host.read();
            host.expire();
        } else if (what < 90) {
            host.connection.answer(random_.one_in(4) ? LogOutcome::Kind::unknown
                                                     : LogOutcome::Kind::done);
        } else {
            trouble(at);
        }
    }

    void check()
    {
        for (size_t i = 0; i < 3; i++) {
            PeoplesHost& host = hosts_[i];
            host.connection.lose(false);
            host.connection.arrive();
            host.connection.answer();
            host.teller->begin();
            host.is_alive = true;
        }
        hosts_.pass(1000);
        hosts_.pass(20'000);
        std::set<std::string> there;
        uint64_t connections = 0;
        for (const auto& [person, count] : counts_) {
            if (count != 0) {
                there.insert(person.second);
                connections += count;
            }
        }
        std::string wanted = std::to_string(connections);
        for (const std::string& one : there) {
            wanted += " " + one;
        }
        for (size_t i = 0; i < 3; i++) {
            assert_text(hosts_[i].who(), wanted);
            (void)hosts_[i].told();
            assert_true(hosts_[i].seen == there);
            assert_false(hosts_[i].teller->has_any());
        }
        assert_text(hosts_.fault(), "");
    }

private:
    using Person = std::pair<size_t, std::string>; // of a host and a worker

    void join(size_t at)
    {
        const bool second = random_.one_in(4);
        const std::string who = "p" + std::to_string(random_.below(6));
        assert_true(hosts_[at].join(who, second ? hosts_[at].second
                                                : hosts_[at].first));
        counts_[{at * 2 + (second ? 1 : 0), who}]++;
    }
    void leave(size_t at)
    {
        const bool second = random_.one_in(4);
        const std::string who = "p" + std::to_string(random_.below(6));
        uint32_t& count = counts_[{at * 2 + (second ? 1 : 0), who}];
        if (count != 0) {
            count--;
            hosts_[at].leave(who, second ? hosts_[at].second : hosts_[at].first,
                             "room", random_.one_in(5));
        }
    }
    void trouble(size_t at)
    {
        PeoplesHost& host = hosts_[at];
        switch (random_.below(8)) {
        case 0: // the worker that tells ends
            host.teller = std::make_unique<PeopleTeller>(host.store(),
                                                         host.host.host_clock);
            host.teller->begin();
            break;
        case 1:
            host.connection.lose(true);
            break;
        case 2:
            host.connection.lose(false);
            host.connection.arrive();
            break;
        case 3: // a worker with sessions
            host.store().workers.detach(host.first);
            host.first = *host.store().workers.attach({1}, 1);
            std::erase_if(counts_, [&](const auto& one) {
                return one.first.first == at * 2;
            });
            break;
        case 4: // it takes a snapshot of what it has not read
            host.next = host.log.entries.size();
            host.store().people.begin_anew();
            host.say_alive();
            break;
        case 5:
            host.is_alive = !host.is_alive;
            break;
        case 6: {
            std::vector<PersonNews> news; // and ends
            (void)host.store().own_people.take(true, news);
            host.teller->begin();
            break;
        }
        default:
            hosts_.pass(static_cast<int64_t>(random_.below(8) * 500));
            break;
        }
    }

    Random random_;
    PeoplesHosts hosts_;
    std::map<Person, uint32_t> counts_;
};

void test_random_people(void** /*state*/)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        People3 people(seed);
        for (int round = 0; round < 6; round++) {
            for (int i = 0; i < 250; i++) {
                people.act();
            }
            people.check();
        }
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {cmocka_unit_test(test_random_people)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
