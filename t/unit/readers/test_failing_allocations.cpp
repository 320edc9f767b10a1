// Every operation, with each of its allocations failing in turn: afterwards
// the zone is whole, nothing has leaked, and the operation either happened or
// did not.
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// What the steps of the script hand on to one another; null where an
// allocation failed.
struct Script {
    explicit Script(const EventRules& rules)
    {
        zone.store->events.follow(rules);
    }

    Zone zone;
    WorkerId first = zone.attach();
    WorkerId second = zone.attach();
    Interest* interest = nullptr;
    Interest* waiting = nullptr;
    SelectorRecord* record = nullptr;
    SelectorRecord* other_record = nullptr;
    SessionRecord* session = nullptr;

    void publish(std::string_view topic, std::string_view key = {},
                 Policy policy = keeping(3))
    {
        const Position before = zone.store->topics.newest(topic);
        Change publication = Zone::publication(topic, "payload", policy);
        publication.idempotency_key = key;
        const auto answer = zone.store->topics.publish(publication);
        const Position after = zone.store->topics.newest(topic);
        assert_true(after == (answer ? answer->at : before));
    }

    void remove(std::string_view topic)
    {
        const Position before = zone.store->topics.newest(topic);
        const auto answer = zone.remove(topic);
        assert_true(zone.store->topics.newest(topic) ==
                    (answer ? Position{} : before));
    }

    void join(Interest*& made, WorkerId worker, std::string_view topic)
    {
        made = zone.store->interests.add(worker, topic, 1).interest;
        if (made != nullptr) {
            const SubscriberCount count{made, 1};
            zone.store->interests.set_subscribers({&count, 1});
        }
    }

    void select(SelectorRecord*& made, WorkerId worker, const char* text)
    {
        made = zone.store->selectors.add(worker, *Selector::parse(text));
        if (made != nullptr) {
            zone.store->selectors.set_sessions(*made, 1);
        }
    }

    void catch_up()
    {
        if (interest != nullptr) {
            Batch unread;
            Batch kept;
            zone.store->inboxes.catch_up(*interest, {}, {}, SIZE_MAX, unread,
                                         kept);
        }
    }
};

EventRules all_rules()
{
    EventRules rules;
    rules.sessions = true;
    rules.topics = rules.publishes = Selector::parse("**");
    rules.policies[index_of(EventTopic::publishes)] = keeping(2);
    return rules;
}

using Step = std::function<void(Script&)>;

const std::vector<Step>& steps()
{
    static const std::vector<Step> all = {
        [](Script& s) {
            s.session = s.zone.store->sessions.open(s.first, "\"id\":1");
        },
        [](Script& s) { s.publish("a"); },
        [](Script& s) { s.publish("a"); },
        [](Script& s) { s.publish("a", "key"); },
        [](Script& s) { s.publish("a", "key"); },
        [](Script& s) { s.join(s.interest, s.first, "a"); },
        [](Script& s) { s.join(s.waiting, s.second, "b"); },
        [](Script& s) { s.publish("a"); },
        [](Script& s) { s.publish("b", "key", keeping_nothing()); },
        [](Script& s) { s.select(s.record, s.first, "c/*"); },
        [](Script& s) { s.select(s.other_record, s.second, "**"); },
        [](Script& s) { s.publish("c/1", "key"); },
        [](Script& s) { s.publish("c/2", {}, keeping_nothing()); },
        [](Script& s) { s.zone.inbox(s.first, 1); },
        [](Script& s) { s.zone.inbox(s.second); },
        [](Script& s) { s.catch_up(); },
        [](Script& s) { s.zone.store->sessions.close(s.session, 1000, {}); },
        [](Script& s) { s.zone.store->sessions.open(s.second, "\"id\":2"); },
        [](Script& s) { s.publish("a"); },
        [](Script& s) { s.remove("a"); },
        [](Script& s) { s.publish("a"); },
        [](Script& s) { s.remove("c/1"); },
        [](Script& s) {
            if (s.interest != nullptr) {
                s.zone.store->interests.drop(*s.interest);
            }
        },
        [](Script& s) { s.join(s.interest, s.first, "a"); },
        [](Script& s) {
            while (!s.zone.inbox(s.first).empty()) {
            }
        },
        [](Script& s) {
            if (s.record != nullptr) {
                s.zone.store->selectors.remove(*s.record);
            }
        },
        [](Script& s) { s.remove("b"); },
        [](Script& s) { s.zone.store->workers.detach(s.second); },
        [](Script& s) { s.publish("c/3"); },
        [](Script& s) { s.zone.store->expire(INT64_MAX); },
        [](Script& s) { s.zone.store->workers.detach(s.first); },
    };
    return all;
}

// Returns whether an allocation failed: otherwise the script is through.
bool run(size_t n, void (HeapMemory::*fail)(size_t), const EventRules& rules)
{
    Script script(rules);
    (script.zone.memory.*fail)(n);
    for (size_t i = 0; i < steps().size(); i++) {
        steps()[i](script);
        const std::string fault = script.zone.fault();
        if (!fault.empty()) {
            fail_msg("allocation %zu, step %zu: %s", n, i, fault.c_str());
        }
    }
    return script.zone.memory.failures() > 0;
}

void run_all(void (HeapMemory::*fail)(size_t), const EventRules& rules)
{
    size_t n = 1;
    while (run(n, fail, rules)) {
        n++;
    }
    assert_true(n > 30); // as many allocations as the script has, at least
}

void test_each_alone(void** /*state*/)
{
    run_all(&HeapMemory::fail_at, {});
    run_all(&HeapMemory::fail_at, all_rules());
}

void test_each_and_all_after_it(void** /*state*/)
{
    run_all(&HeapMemory::fail_from, {});
    run_all(&HeapMemory::fail_from, all_rules());
}

// The heap of the process can be empty, too.
void test_an_exception_undoes_all(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const size_t blocks = zone.memory.live_blocks();
    uint64_t& published = zone.header->totals.published;
    try {
        Transaction tx(zone.memory, *zone.header);
        tx.set(published, 1);
        tx.commit();
        tx.set(published, 2);
        assert_non_null(tx.allocate(100));
        throw std::bad_alloc();
    } catch (const std::bad_alloc&) {
        assert_int_equal(published, 1);
        assert_int_equal(zone.memory.live_blocks(), blocks);
    }
}

void test_no_zone(void** /*state*/)
{
    HeapMemory memory;
    memory.fail_at(1);
    assert_null(Store::create(memory, kTestZoneBytes, {1, 2}, FakeClock()));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_each_alone),
        cmocka_unit_test(test_each_and_all_after_it),
        cmocka_unit_test_setup_teardown(test_an_exception_undoes_all, make_zone,
                                        end_zone),
        cmocka_unit_test(test_no_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
