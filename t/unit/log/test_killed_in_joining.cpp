// A worker that is killed before each single instruction of replacing what a
// zone has by a snapshot: the zone is sound, and is the old one, or the new
// one, or marked as neither; then the next worker replaces it.
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
#include "topics/emptying.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_writer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Of which each step has to look at all.
constexpr size_t kArenaBytes = 320UL * 1024;
constexpr size_t kTablesFor = 8UL * 1024; // so many bytes of zone

LoggedEntry entry(uint64_t at, std::string_view topic, uint64_t origin)
{
    Change change;
    change.topic = topic;
    change.payload = "payload";
    change.policy = keeping(1);
    change.policy.ttl_ms = 1'000'000;
    const std::string key = "key" + std::to_string(at);
    change.idempotency_key = key;
    return {{kLogStartMs + at, 0}, encode({at, origin, at}, change)};
}

std::string snapshot()
{
    LogHost host(1UL << 20, kTablesFor, {1, 2});
    TermEntry term;
    term.lineage = "lineage";
    term.jump = 10;
    (void)host.apply(entry(1, "b", 5));
    (void)host.apply({{kLogStartMs + 2, 0}, encode({2, 0, 0}, term)});
    (void)host.apply(entry(3, "b", 5));
    (void)host.apply(entry(4, "c", 5));
    std::string text;
    SnapshotWriter writer(host.store.topics.parts(), {},
                          SnapshotWriter::Of::log);
    while (writer.step(text)) {
    }
    return text;
}

void replace(LogHost& host, std::string_view text, uint64_t number)
{
    Emptying emptying(host.store.topics.parts(), number);
    while (emptying.step() == Emptying::State::more) {
    }
    SnapshotLoader loader(host.store.topics.parts(), text, *survey(text),
                          number);
    while (loader.step() == SnapshotLoader::State::more) {
    }
}

void test_killed(void** /*state*/)
{
    const std::string text = snapshot();
    LogHost host(kArenaBytes, kTablesFor, {7, 8});
    (void)host.apply(entry(1, "a", 6));
    (void)host.apply(entry(2, "b", 6));
    const std::string old_state = host.state();
    const std::span<char> zone = host.memory.bytes();
    const std::vector<char> start(zone.begin(), zone.end());
    replace(host, text, 2);
    const std::string new_state = host.state();
    assert_text(host.fault(), "");
    assert_true(old_state != new_state);
    std::copy(start.begin(), start.end(), zone.begin());

    std::vector<char> copy = start;
    size_t seen[3] = {};
    Stepper stepper([&] { replace(host, text, 2); });
    if (!stepper.is_allowed()) {
        return skip();
    }
    for (bool more = true; more;) {
        more = stepper.step();
        if (std::memcmp(copy.data(), zone.data(), zone.size()) == 0) {
            continue;
        }
        std::copy(zone.begin(), zone.end(), copy.begin());
        host.memory.force_unlock(stepper.pid());
        {
            const Transaction repair(host.memory, *host.header);
        }
        assert_text(host.fault(), "");
        const ReplicaBook& book = host.header->replica;
        if (book.replacing != 0) {
            seen[1]++;
            assert_false(book.has_position());
        } else if (book.last.ms == kLogStartMs + 2) {
            seen[0]++;
            assert_text(host.state(), old_state);
        } else {
            seen[2]++;
            assert_text(host.state(), new_state);
        }
        replace(host, text, 3);
        assert_text(host.state(), new_state);
        assert_text(host.fault(), "");
        std::copy(copy.begin(), copy.end(), zone.begin());
    }
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    if (!Stepper::is_of_use()) {
        return 0;
    }
    const CMUnitTest tests[] = {cmocka_unit_test(test_killed)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
