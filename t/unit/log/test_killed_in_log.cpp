// A worker that is killed before each single instruction of what it does with
// an entry of the log: all of the entry was applied, with its answer, or
// nothing of it. Whoever applies it then gets to the same end.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/check_heap.hpp"
#include "support/check_zone.hpp"
#include "support/log_host.hpp"
#include "support/stepper.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Of which each step has to look at all.
constexpr size_t kArenaBytes = 320UL * 1024;
constexpr size_t kTablesFor = 8UL * 1024; // so many bytes of zone

struct Shared {
    Shared() : host(kArenaBytes, kTablesFor, {1, 2})
    {
        for (int32_t pid = 1; pid <= 2; pid++) {
            const WorkerId worker = *host.store.workers.attach({pid});
            host.store.selectors.set_sessions(
                *host.store.selectors.add(worker, *Selector::parse("a/*")), 1);
        }
        Transaction tx(host.memory, *host.header);
        host.answers.cell = new (tx.allocate(sizeof(uint64_t))) uint64_t{0};
    }

    LoggedEntry entry(const EntryBody& body, uint64_t number,
                      uint64_t later_ms = 1)
    {
        last.ms += later_ms;
        return {last, encode({last.ms * 10, 7, number}, body)};
    }
    void apply(const LoggedEntry& entry)
    {
        assert_true(host.apply(entry) == Applied::done);
    }
    // Of all that matters, and whether there was an answer.
    std::string view()
    {
        return host.state() + "answers " + std::to_string(*host.answers.cell);
    }

    std::string fault()
    {
        const ZoneCheck zone(*host.header, Unused::allowed);
        const HeapCheck heap(host.memory.heap());
        auto blocks = zone.blocks();
        blocks.insert(host.answers.cell);
        return zone.fault() + heap.fault() +
               (heap.used() == blocks ? "" : "a leak");
    }

    LogHost host;
    LogId last{kLogStartMs + 10, 0};
};

Change publication(std::string_view topic, std::string_view payload)
{
    Change change;
    change.topic = topic;
    change.payload = payload;
    change.policy = keeping(3);
    change.policy.ttl_ms = change.policy.idle_ms = 1'000'000;
    return change;
}

// Applies the entry, and dies at each place in it. What is seen of the zone
// goes through so many states, the first and the last included.
void die_anywhere(Shared& shared, size_t states, const LoggedEntry& entry)
{
    const std::span<char> zone = shared.host.memory.bytes();
    std::vector<char> copy(zone.begin(), zone.end());
    const std::string before = shared.view();
    std::string seen = before;
    std::string end; // where all get to
    size_t changes = 0;
    Stepper stepper([&] { (void)shared.host.apply(entry); });
    if (!stepper.is_allowed()) {
        return skip();
    }
    for (;;) {
        const bool more = stepper.step();
        if (std::memcmp(copy.data(), zone.data(), zone.size()) != 0) {
            std::copy(zone.begin(), zone.end(), copy.begin());
            shared.host.memory.force_unlock(stepper.pid());
            {
                const Transaction repair(shared.host.memory,
                                         *shared.host.header);
            }
            const std::string now = shared.view();
            if (now != seen) {
                changes++;
                seen = now;
            }
            assert_text(shared.fault(), "");
            const Applied again = shared.host.apply(entry);
            assert_true(again == Applied::done || again == Applied::skipped);
            if (end.empty()) {
                end = shared.view();
                assert_true(end != before);
            }
            assert_text(shared.view(), end);
            assert_text(shared.fault(), "");
            std::copy(copy.begin(), copy.end(), zone.begin());
        }
        if (!more) {
            break;
        }
    }
    assert_text(shared.view(), end);
    assert_int_equal(changes + 1, states);
}

void test_publish_with_a_key(void** state)
{
    auto& shared = state_of<Shared>(state);
    Change first = publication("a/1", "first");
    first.idempotency_key = "key";
    die_anywhere(shared, 2, shared.entry(first, 1));
    // Somebody tries again with the key.
    die_anywhere(shared, 2, shared.entry(first, 2));
    const std::string large(3000, 'x');
    die_anywhere(shared, 2, shared.entry(publication("a/1", large), 3));
    Change fails = publication("a/1", "x");
    fails.condition.kind = Condition::Kind::absent;
    die_anywhere(shared, 2, shared.entry(fails, 4));
    assert_int_equal(*shared.host.answers.cell, 1112);
}

void test_duplicate(void** state)
{
    auto& shared = state_of<Shared>(state);
    shared.apply(shared.entry(publication("a/1", "1"), 5));
    die_anywhere(shared, 2, shared.entry(publication("a/1", "1"), 5));
    die_anywhere(shared, 2, shared.entry(publication("b", "1"), 4));
    assert_int_equal(*shared.host.answers.cell, 1);
}

void test_term(void** state)
{
    auto& shared = state_of<Shared>(state);
    shared.apply(shared.entry(publication("a/1", "1"), 1));
    TermEntry term;
    term.op = EntryOp::genesis;
    term.lineage = "0123456789abcdef0123456789abcdef01234567";
    term.jump = 1000;
    term.body_seed[0] = 5;
    die_anywhere(shared, 2, shared.entry(term, 2));
    term.op = EntryOp::term;
    die_anywhere(shared, 2, shared.entry(term, 3)); // which it has
    term.lineage = "another";
    die_anywhere(shared, 2, shared.entry(term, 4));
    // The topic forks.
    die_anywhere(shared, 2, shared.entry(publication("a/1", "2"), 5));
}

void test_remove(void** state)
{
    auto& shared = state_of<Shared>(state);
    uint64_t number = 0;
    for (const char* topic : {"a/1", "b"}) {
        for (const char* value : {"1", "2", "3"}) {
            shared.apply(shared.entry(publication(topic, value), ++number));
        }
        Change removal;
        removal.op = Change::Op::remove;
        removal.topic = topic;
        die_anywhere(shared, 2, shared.entry(removal, ++number));
    }
}

void test_others(void** state)
{
    auto& shared = state_of<Shared>(state);
    shared.apply(shared.entry(publication("a/1", "1"), 1));
    AliveEntry alive;
    alive.host = 3;
    alive.capacity_bytes = 100'000;
    die_anywhere(shared, 2, shared.entry(alive, 2));
    alive.leaving = true;
    die_anywhere(shared, 2, shared.entry(alive, 3));
}

void test_touch(void** state)
{
    auto& shared = state_of<Shared>(state);
    shared.apply(shared.entry(publication("a/1", "1"), 1));
    shared.apply(shared.entry(publication("b", "1"), 2));
    TouchEntry touch;
    touch.topics = {"a/1", "b", "c"};
    die_anywhere(shared, 2, shared.entry(touch, 3, 100'000));
    // Half of the idle time is over: of one of them with a reader.
    die_anywhere(shared, 2, shared.entry(publication("d", "1"), 4, 510'000));
    const auto touched = shared.host.applier.take_touched();
    assert_false(touched.empty());
    for (const std::string& topic : touched) {
        assert_text(topic, "a/1");
    }
}

// What is due before an entry goes in steps of its own.
void test_what_time_brings(void** state)
{
    auto& shared = state_of<Shared>(state);
    Change change = publication("a/1", "1");
    change.policy.idle_ms = 500;
    change.idempotency_key = "key";
    shared.apply(shared.entry(change, 1));
    // The key, who has appended it, the topic, and then what comes.
    die_anywhere(shared, 5, shared.entry(publication("a/2", "1"), 2, 600'000));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    if (!Stepper::is_of_use()) {
        return 0;
    }
    const auto of_shared = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Shared>, destroy_state<Shared>,
                          nullptr};
    };
    const CMUnitTest tests[] = {
        of_shared("test_publish_with_a_key", test_publish_with_a_key),
        of_shared("test_duplicate", test_duplicate),
        of_shared("test_term", test_term),
        of_shared("test_remove", test_remove),
        of_shared("test_others", test_others),
        of_shared("test_touch", test_touch),
        of_shared("test_what_time_brings", test_what_time_brings),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
