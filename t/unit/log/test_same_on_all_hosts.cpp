// The same entries on hosts that differ in all that must not decide anything:
// all have the same topics, values, keys and answers, after each of them.
#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/log_host.hpp"
#include "support/random_entries.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kEntries = 6000;
constexpr size_t kCheckedEvery = 7;

// Sessions that come and go, read or don't.
class Readers {
public:
    Readers(LogHost& host, uint64_t seed) : host_(host), random_(seed)
    {
        for (WorkerId& worker : workers_) {
            worker = *host_.store.workers.attach({++pid_});
            host_.store.selectors.set_sessions(
                *host_.store.selectors.add(worker, *Selector::parse("a/*")), 1);
        }
        EventRules rules;
        rules.topics = rules.publishes = Selector::parse("a/**");
        rules.policies[index_of(EventTopic::publishes)].history = 20;
        host_.store.events.follow(rules);
    }
    void act()
    {
        const WorkerId worker = workers_[random_.below(2)];
        Delivery delivery;
        Batch batch;
        switch (random_.below(8)) {
        case 0: {
            const std::string name = topic_name(random_.below(50));
            Interest*& interest = interests_[{worker, name}];
            if (interest != nullptr) {
                host_.store.interests.drop(*interest);
                interest = nullptr;
                return;
            }
            interest = host_.store.interests.add(worker, name, 1).interest;
            return;
        }
        case 1:
        case 2:
        case 3:
            if (host_.store.inboxes.read(worker, 4000, delivery, batch) &&
                delivery.interest != nullptr && delivery.token == 0) {
                host_.store.interests.drop(*delivery.interest);
            }
            return;
        case 4:
            host_.host_clock.now += static_cast<int64_t>(random_.below(5000));
            return;
        case 5:
            (void)host_.applier.take_touched();
            (void)host_.store.expire(
                host_.clock.ticks_ms() +
                static_cast<int64_t>(random_.below(1'000'000)));
            return;
        default:
            return;
        }
    }

private:
    LogHost& host_;
    Random random_;
    std::array<WorkerId, 2> workers_{};
    std::map<std::pair<WorkerId, std::string>, Interest*> interests_;
    int32_t pid_ = 0;
};

// A host of whose memory a copy is taken now and then, to which it falls back.
class Copied {
public:
    explicit Copied(LogHost& host) : host_(host) { take(0); }
    void take(size_t at)
    {
        const auto zone = host_.memory.bytes();
        copy_.assign(zone.begin(), zone.end());
        at_ = at;
    }
    // Returns how many entries had been applied.
    size_t fall_back()
    {
        std::copy(copy_.begin(), copy_.end(), host_.memory.bytes().begin());
        return at_;
    }

private:
    LogHost& host_;
    std::vector<char> copy_;
    size_t at_ = 0;
};

// What came to pass at least once, so that it was worth it.
struct Seen {
    size_t evicted = 0;
    size_t full = 0;
    size_t conditions = 0;
    size_t conflicts = 0;
};

void count(Seen& seen, const RecordingAnswers& answers)
{
    for (const auto& [nonce, text] : answers.texts) {
        seen.full += text == "108.0" ? 1 : 0;
        seen.conditions += text == "114.1" ? 1 : 0;
        seen.conflicts += text == "114.2" ? 1 : 0;
    }
}

constexpr size_t kSmallTablesFor = 8UL << 10; // so many bytes of zone
constexpr size_t kSmallFreeBytes = 71'000;

// Of which so much is free at first, however large the zone's header is.
size_t arena_with(size_t free_bytes)
{
    constexpr size_t kBytes = 1UL << 20;
    const LogHost host(kBytes, kSmallTablesFor, {1, 2});
    return kBytes - (host.memory.free_bytes() - free_bytes);
}

struct Hosts {
    LogHost plain{8UL << 20, 1UL << 20, {1, 2}};
    // With readers, and so little memory that history goes.
    LogHost small{arena_with(kSmallFreeBytes), kSmallTablesFor, {77, 3}};
    // Two tailers at once, and a clock of another time.
    LogHost busy{2UL << 20, 64UL << 10, {5, 99}};
    LogHost copied{2UL << 20, 32UL << 10, {6, 6}};
};

void run(uint64_t seed, Seen& seen)
{
    auto hosts = std::make_unique<Hosts>();
    hosts->busy.host_clock.now = 5000;
    hosts->copied.host_clock.now += 3'600'000;
    Random random(seed);
    RandomEntries writer(seed + 1, hosts->plain);
    Readers readers(hosts->small, seed + 2);
    Readers others(hosts->busy, seed + 3);
    Applier second(hosts->busy.store.topics.parts(), hosts->busy.host_clock,
                   hosts->busy.answers);
    Copied copy(hosts->copied);
    std::vector<LoggedEntry> log;
    for (size_t n = 0; n < kEntries; n++) {
        const LoggedEntry entry = writer.next();
        log.push_back(entry);
        const Applied applied = hosts->plain.apply(entry);
        assert_true(applied == Applied::done || applied == Applied::skipped);
        readers.act();
        assert_true(hosts->small.apply(entry) == applied);
        if (random.one_in(10)) {
            assert_true(hosts->small.apply(random.of(log)) == Applied::skipped);
        }
        others.act();
        while (random.one_in(2)) {
            Applier& one = random.one_in(2) ? second : hosts->busy.applier;
            (void)one.step(entry.id, *decode_entry(entry.bytes));
            others.act();
        }
        (void)hosts->busy.apply(entry);
        (void)hosts->busy.apply(entry, second);
        assert_true(hosts->copied.apply(entry) == applied);
        if (random.one_in(60)) {
            copy.take(n + 1);
        } else if (random.one_in(60)) {
            const size_t from = copy.fall_back();
            for (size_t i = from - std::min<size_t>(from, 5); i <= n; i++) {
                (void)hosts->copied.apply(log[i]);
            }
        }
        if (n % kCheckedEvery == 0) {
            const std::string state = hosts->plain.state();
            assert_same(hosts->small, state);
            assert_same(hosts->busy, state);
            assert_same(hosts->copied, state);
        }
        if (n % 500 == 0) {
            assert_text(hosts->plain.fault(), "");
            assert_text(hosts->small.fault(), "");
            assert_text(hosts->busy.fault(), "");
            assert_text(hosts->copied.fault(), "");
        }
    }
    const auto& answers = hosts->plain.answers.texts;
    assert_true(hosts->small.answers.texts == answers);
    assert_true(hosts->busy.answers.texts == answers);
    assert_true(hosts->copied.answers.texts == answers);
    assert_int_equal(hosts->plain.header->totals.evicted, 0);
    seen.evicted += hosts->small.header->totals.evicted;
    count(seen, hosts->plain.answers);
}

void test_random_entries(void** /*state*/)
{
    Seen seen;
    for (const uint64_t seed : {1, 2, 3}) {
        run(seed * 1000, seen);
    }
    assert_true(seen.evicted > 300);
    assert_true(seen.full > 100);
    assert_true(seen.conditions > 100);
    assert_true(seen.conflicts > 10);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {cmocka_unit_test(test_random_entries)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
