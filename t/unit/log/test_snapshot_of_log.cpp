// What a host has of a log at one position, loaded into another host that then
// applies the rest: both are the same. And a zone that is emptied for that.
#include <memory>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/log_host.hpp"
#include "support/random_entries.hpp"
#include "support/zone.hpp"
#include "topics/emptying.hpp"
#include "topics/logical_bytes.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_writer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using Of = SnapshotWriter::Of;

constexpr size_t kEntries = 3000;
constexpr uint64_t kReplacing = 17;

std::string saved(LogHost& host, Of of = Of::log)
{
    std::string text;
    SnapshotWriter writer(host.store.topics.parts(), {}, of);
    while (writer.step(text)) {
    }
    assert_false(writer.is_void());
    return text;
}

void empty(LogHost& host)
{
    Emptying emptying(host.store.topics.parts(), kReplacing);
    Emptying::State state = Emptying::State::more;
    while (state == Emptying::State::more) {
        state = emptying.step();
    }
    assert_true(state == Emptying::State::done);
    assert_text(host.fault(), "");
    assert_int_equal(host.header->replica.used_bytes, 0);
}

SnapshotLoader::State fill(LogHost& host, std::string_view text)
{
    auto found = survey(text);
    assert_true(found.has_value());
    SnapshotLoader loader(host.store.topics.parts(), text, std::move(*found),
                          kReplacing);
    SnapshotLoader::State state = SnapshotLoader::State::more;
    while (state == SnapshotLoader::State::more) {
        state = loader.step();
    }
    return state;
}

void assert_loads(LogHost& host, std::string_view text)
{
    empty(host);
    assert_true(fill(host, text) == SnapshotLoader::State::done);
    assert_text(host.fault(), "");
}

struct Hosts {
    LogHost first{8UL << 20, 1UL << 20, {1, 2}};
    LogHost joiner{2UL << 20, 64UL << 10, {77, 3}};
    LogHost again{1UL << 20, 32UL << 10, {5, 6}};
};

// At any position, into hosts that are empty, or had come anywhere.
void run(uint64_t seed)
{
    auto hosts = std::make_unique<Hosts>();
    hosts->joiner.host_clock.now = 5000;
    Random random(seed);
    RandomEntries entries(seed + 1, hosts->first);
    size_t loads = 0;
    for (size_t n = 0; n < kEntries; n++) {
        const LoggedEntry entry = entries.next();
        const Applied applied = hosts->first.apply(entry);
        if (loads > 0) {
            assert_true(hosts->joiner.apply(entry) == applied);
            (void)hosts->again.apply(entry);
        }
        if (n % 300 == 150) {
            const std::string text = saved(hosts->first);
            assert_loads(hosts->joiner, text);
            assert_same(hosts->joiner, hosts->first.state());
            // From who has it from others it is the same.
            assert_loads(hosts->again, saved(hosts->joiner));
            loads++;
        }
        if (loads > 0 && n % 7 == 0) {
            const std::string state = hosts->first.state();
            assert_same(hosts->joiner, state);
            assert_same(hosts->again, state);
        }
        if (n % 100 == 0) {
            assert_text(hosts->joiner.fault(), "");
            assert_text(hosts->again.fault(), "");
        }
    }
    assert_true(loads > 5);
}

void test_rest_of_the_log(void** /*state*/)
{
    for (const uint64_t seed : {1, 2, 3}) {
        run(seed * 1000);
    }
}

// As nginx ends, and starts.
void test_file(void** /*state*/)
{
    LogHost before(2UL << 20, 64UL << 10, {1, 2});
    LogHost after(2UL << 20, 64UL << 10, {1, 2});
    RandomEntries entries(7, before);
    Change event;
    event.topic = "$own/a";
    event.payload = "x";
    event.now_ms = kTestNowMs;
    assert_true(bool(before.store.topics.publish(event)));
    before.store.revocations.put({Revocation::Of::user, "ann", kTestNowMs},
                                 1'000'000'000);
    for (size_t i = 0; i < 500; i++) {
        (void)before.apply(entries.next());
    }
    SnapshotHead head;
    head.clean = true;
    head.written_ms = kTestNowMs;
    const std::string text = saved(before, Of::last_host);
    after.host_clock.now +=
        before.header->replica.time_ms - int64_t{kLogStartMs};
    const auto loaded = after.store.snapshots.load(text, head);
    assert_true(loaded.has_value() && loaded->exact && loaded->all_fits());
    assert_same(after, before.state());
    assert_text(after.fault(), "");
    assert_true(after.store.topics.newest("$own/a").seq == 1);
    assert_true(after.store.revocations.cover("ann", {0, kTestNowMs - 1}));
    // Others are given neither.
    LogHost other(2UL << 20, 64UL << 10, {3, 4});
    assert_loads(other, saved(before));
    assert_same(other, before.state());
    assert_true(other.store.topics.newest("$own/a").epoch == 0);
    assert_false(other.store.revocations.cover("ann", {0, kTestNowMs - 1}));
    for (size_t i = 0; i < 500; i++) {
        const LoggedEntry entry = entries.next();
        (void)before.apply(entry);
        (void)after.apply(entry);
    }
    assert_same(after, before.state());
    assert_text(after.fault(), "");
}

// A file of a zone that follows a log, and one that does not any more; and a
// zone's that begins to.
void test_file_of_the_other_kind(void** /*state*/)
{
    LogHost host(2UL << 20, 64UL << 10, {1, 2});
    RandomEntries entries(7, host);
    for (size_t i = 0; i < 300; i++) {
        (void)host.apply(entries.next());
    }
    SnapshotHead head;
    head.clean = true;
    head.written_ms = kTestNowMs;
    Zone alone;
    const auto loaded =
        alone.store->snapshots.load(saved(host, Of::last_host), head);
    assert_true(loaded.has_value() && !loaded->exact);
    assert_string_equal(alone.fault().c_str(), "");
    assert_true(loaded->topics > 5);
    assert_true(alone.header->next_epoch >= host.header->next_epoch);

    Change change = Zone::publication("a", "x");
    change.idempotency_key = "k";
    assert_true(bool(alone.store->topics.publish(change)));
    std::string text;
    SnapshotWriter writer(alone.store->topics.parts(), {}, Of::last_host);
    while (writer.step(text)) {
    }
    assert_true(writer.position().ms == 0);
    LogHost follows(2UL << 20, 64UL << 10, {3, 4});
    const auto taken = follows.store.snapshots.load(text, head);
    assert_true(taken.has_value() && !taken->exact);
    assert_text(follows.fault(), "");
    assert_true(follows.header->replica.used_bytes > 160);
    assert_true(follows.store.topics.newest("a").seq == 1);
}

LoggedEntry publication(uint64_t at, std::string_view topic,
                        std::string_view payload, uint32_t history = 0)
{
    Change change;
    change.topic = topic;
    change.payload = payload;
    change.policy.history = history;
    return {{kLogStartMs + at, 0}, encode({at, 1, at}, change)};
}

// It is of one entry, or it is nothing.
void test_void(void** /*state*/)
{
    LogHost host(2UL << 20, 64UL << 10, {1, 2});
    std::string text;
    SnapshotWriter none(host.store.topics.parts(), {}, Of::log);
    assert_true(host.apply(publication(1, "a", "x")) == Applied::done);
    SnapshotWriter writer(host.store.topics.parts(), {}, Of::log);
    assert_true(writer.step(text));
    assert_true(host.apply(publication(2, "a", "y")) == Applied::done);
    assert_false(writer.step(text));
    assert_true(writer.is_void());
    // What is due before an entry has been done, the entry not.
    for (uint64_t i = 3; i < 203; i++) {
        const std::string topic = "i" + std::to_string(i);
        Change idle;
        idle.topic = topic;
        idle.policy.idle_ms = 1000;
        (void)host.apply({{kLogStartMs + i, 0}, encode({i, 1, i}, idle)});
    }
    const auto late = publication(10'000, "a", "z");
    assert_true(host.step(late) == Applied::more);
    SnapshotWriter between(host.store.topics.parts(), {}, Of::log);
    assert_false(between.step(text));
    assert_true(between.is_void());
    assert_true(host.apply(late) == Applied::done);
    (void)saved(host);
    // It is being filled.
    Emptying emptying(host.store.topics.parts(), kReplacing);
    assert_true(emptying.step() == Emptying::State::more);
    for (const Of of : {Of::log, Of::last_host, Of::host}) {
        SnapshotWriter filled(host.store.topics.parts(), {}, of);
        assert_false(filled.step(text));
        assert_true(filled.is_void());
    }
    assert_true(host.apply(publication(200'000, "a", "z")) == Applied::lost);
}

// All that decides has to fit, at the cost of all that does not.
void test_small_zones(void** /*state*/)
{
    LogHost host(8UL << 20, 64UL << 10, {1, 2});
    const std::string payload(700, 'x');
    uint64_t at = 0;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++) {
            assert_true(host.apply(publication(++at, "t" + std::to_string(i),
                                               payload, 9)) == Applied::done);
        }
    }
    const std::string text = saved(host);
    size_t fits = 0;
    size_t too_small = 0;
    for (size_t free = 20'000; free < 500'000; free += 15'000) {
        LogHost probe(8UL << 20, 8UL << 10, {1, 2});
        const size_t arena = (8UL << 20) - (probe.memory.free_bytes() - free);
        LogHost small(arena, 8UL << 10, {9, 9});
        Policy keeps;
        keeps.history = 1000;
        for (int i = 0; i < 50; i++) { // takes some of the room
            Change event = Zone::publication("$own/a", payload, keeps);
            (void)small.store.topics.publish(event);
        }
        empty(small);
        const auto state = fill(small, text);
        assert_text(small.fault(), "");
        if (state == SnapshotLoader::State::done) {
            fits++;
            assert_same(small, host.state());
            continue;
        }
        assert_true(state == SnapshotLoader::State::too_small);
        assert_int_equal(fits, 0);
        too_small++;
        assert_true(small.header->replica.replacing == kReplacing);
    }
    assert_true(fits > 3 && too_small > 3);
}

// At the start it is as if there was no file.
void test_file_that_does_not_fit(void** /*state*/)
{
    LogHost host(8UL << 20, 64UL << 10, {1, 2});
    const std::string payload(700, 'x');
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_true(host.apply(publication(i, "t" + std::to_string(i),
                                           payload)) == Applied::done);
    }
    LogHost small(1UL << 20, 64UL << 10, {3, 4});
    SnapshotHead head;
    head.written_ms = kTestNowMs;
    const auto loaded =
        small.store.snapshots.load(saved(host, Of::last_host), head);
    assert_true(loaded.has_value() && !loaded->exact);
    assert_int_equal(loaded->topics_left_out, 1000);
    assert_text(small.fault(), "");
    assert_int_equal(small.header->totals.topics, 0);
    assert_true(small.header->replica.replacing == 0);
    assert_true(small.apply(publication(5000, "a", "x")) == Applied::done);
    assert_text(small.fault(), "");
}

// Two who both mean to fill the zone.
void test_one_fills_it(void** /*state*/)
{
    LogHost host(2UL << 20, 64UL << 10, {1, 2});
    LogHost other(2UL << 20, 64UL << 10, {1, 2});
    assert_true(host.apply(publication(1, "a", "x")) == Applied::done);
    assert_true(other.apply(publication(1, "b", "y")) == Applied::done);
    const std::string text = saved(host);
    Emptying first(other.store.topics.parts(), 1);
    assert_true(first.step() == Emptying::State::more);
    empty(other);
    assert_true(first.step() == Emptying::State::stale);
    SnapshotLoader late(other.store.topics.parts(), text, *survey(text), 1);
    assert_true(late.step() == SnapshotLoader::State::stale);
    assert_true(fill(other, text) == SnapshotLoader::State::done);
    assert_true(late.step() == SnapshotLoader::State::stale);
    assert_same(other, host.state());
}

// Readers that are still there say how far they had come, and read on.
void test_readers(void** /*state*/)
{
    LogHost host(2UL << 20, 64UL << 10, {1, 2});
    assert_true(host.apply(publication(1, "a", "x", 5)) == Applied::done);
    const std::string text = saved(host);
    assert_true(host.apply(publication(2, "a", "y", 5)) == Applied::done);
    const WorkerId worker = *host.store.workers.attach({1});
    const AddedInterest added = host.store.interests.add(worker, "a", 1);
    Interest* interest = added.interest;
    host.store.selectors.set_sessions(
        *host.store.selectors.add(worker, *Selector::parse("**")), 1);
    assert_loads(host, text);
    Delivery delivery;
    Batch batch;
    while (host.store.inboxes.read(worker, 10'000, delivery, batch)) {
        if (delivery.interest != interest) {
            host.store.interests.drop(*delivery.interest);
        } else if (delivery.displaced) {
            assert_false(
                host.store.resuming.resume(*interest, added.newest).goes_on);
        }
    }
    assert_text(host.fault(), "");
    host.store.interests.drop(*interest);
    assert_text(host.fault(), "");
    assert_true(host.store.topics.newest("a").seq == 1);
}

// With any byte changed it is none, or the zone is sound whatever it says.
void test_damaged(void** /*state*/)
{
    LogHost host(2UL << 20, 64UL << 10, {1, 2});
    RandomEntries entries(9, host);
    for (size_t i = 0; i < 25; i++) {
        (void)host.apply(entries.next());
    }
    const std::string text = saved(host);
    LogHost other(2UL << 20, 64UL << 10, {3, 4});
    for (size_t size = 0; size < text.size(); size += 1 + size / 50) {
        assert_false(
            survey(std::string_view(text).substr(0, size)).has_value());
    }
    for (size_t i = 0; i < text.size(); i += 1 + i / 100) {
        std::string bad = text;
        bad[i] = static_cast<char>(bad[i] ^ '\x80');
        if (survey(bad)) {
            empty(other);
            (void)fill(other, bad);
            assert_text(other.fault(), "");
        }
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_rest_of_the_log),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_of_the_other_kind),
        cmocka_unit_test(test_void),
        cmocka_unit_test(test_small_zones),
        cmocka_unit_test(test_file_that_does_not_fit),
        cmocka_unit_test(test_one_fills_it),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
