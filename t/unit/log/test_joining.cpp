// How a zone comes to where it can follow the log, whatever there is, and
// whatever ends meanwhile.
#include <algorithm>
#include <string>

#include "log/snapshot_upload.hpp"
#include "support/asserts.hpp"
#include "support/cluster.hpp"
#include "support/random_entries.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// All hosts have the same, and it is in the log.
void assert_same_everywhere(Cluster& cluster)
{
    std::string state;
    for (const auto& host : cluster.hosts) {
        if (host->worker == nullptr) {
            continue;
        }
        assert_true(host->worker->joined.has_value());
        assert_true(host->is_in(cluster.redis));
        host->follow(cluster.redis);
        assert_text(host->zone.fault(), "");
        state = state.empty() ? host->zone.state() : state;
        assert_same(host->zone, state);
    }
}

// A snapshot of what the host has.
StoredSnapshot store(Cluster& cluster, FakeHost& host)
{
    SnapshotUpload upload(host.zone.store.topics.parts());
    while (upload.write_some() == SnapshotUpload::Written::more) {
    }
    bool done = false;
    const auto step = [&](auto&& call) {
        done = false;
        assert_true(call([&](const LogOutcome& o) { done = o.is_done(); }));
        assert_true(host.worker->link.deliver() && done);
    };
    while (!upload.is_put()) {
        step([&](auto answer) {
            return upload.put_next(host.worker->snapshots, answer);
        });
        upload.note_put();
    }
    const auto stored = upload.stored(*cluster.redis.genesis);
    step([&](auto answer) {
        return host.worker->snapshots.commit(stored, answer);
    });
    return stored;
}

// A cluster of one host that follows, with some topics.
FakeHost& begin(Cluster& cluster)
{
    FakeHost& first = cluster.add();
    cluster.begin_all();
    cluster.run_until_joined();
    for (int i = 0; i < 50; i++) {
        cluster.publish("t" + std::to_string(i % 20), std::to_string(i), 3);
    }
    first.follow(cluster.redis);
    return first;
}

bool has_line(const FakeHost& host, std::string_view line)
{
    const auto& lines = host.worker->lines;
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

void test_empty_redis_and_empty_hosts(void** /*state*/)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Cluster cluster(seed);
        for (uint64_t i = 0; i <= seed % 3; i++) {
            cluster.add();
        }
        const int64_t begun_ms = cluster.redis.now_ms;
        cluster.begin_all();
        cluster.run_until_joined();
        assert_int_equal(cluster.redis.founded, 1);
        assert_true(cluster.redis.now_ms - begun_ms >= Seeding::kNoStateMs);
        for (int i = 0; i < 5; i++) {
            cluster.publish("a", "x");
        }
        assert_same_everywhere(cluster);
        assert_int_equal(cluster.hosts[0]->zone.store.topics.newest("a").seq,
                         5);
    }
}

void test_loads_and_follows(void** /*state*/)
{
    Cluster cluster(1);
    FakeHost& first = begin(cluster);
    store(cluster, first);
    for (int i = 0; i < 7; i++) {
        cluster.publish("later", std::to_string(i));
    }
    FakeHost& second = cluster.add();
    second.worker->joining.begin();
    cluster.run_until_joined();
    assert_int_equal(second.worker->replacings, 1);
    assert_true(second.worker->joined->how == Joined::How::loaded);
    assert_false(second.worker->joined->is_rewound);
    assert_true(second.worker->joined->snapshot_bytes > 0);
    assert_same_everywhere(cluster);
}

// What it has is at the snapshot already.
void test_adopts(void** /*state*/)
{
    Cluster cluster(1);
    FakeHost& first = begin(cluster);
    store(cluster, first);
    first.worker->joined.reset();
    first.worker->joining.begin();
    cluster.run_until_joined();
    assert_true(first.worker->joined->how == Joined::How::adopted);
    assert_int_equal(first.worker->replacings, 0);
}

// Who had the same as the one who has given it keeps it; nobody is sent away.
void test_redis_is_emptied(void** /*state*/)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Cluster cluster(seed);
        FakeHost& first = begin(cluster);
        store(cluster, first);
        FakeHost& second = cluster.add();
        second.worker->joining.begin();
        cluster.run_until_joined();
        second.follow(cluster.redis);
        FakeHost& behind = cluster.add();
        behind.worker->joining.begin();
        cluster.run_until_joined();
        cluster.publish("t1", "behind has not got it");
        first.follow(cluster.redis);
        second.follow(cluster.redis);
        const LogId before = first.book().last;
        const uint64_t terms = first.zone.header->terms;
        FakeHost& empty = cluster.add();
        for (const auto& host : cluster.hosts) {
            host->worker->replacings = 0;
        }
        cluster.redis.flush();
        cluster.begin_all();
        cluster.run_until_joined();
        assert_int_equal(cluster.redis.founded, 1);
        assert_int_equal(first.worker->replacings, 0);
        assert_int_equal(second.worker->replacings, 0);
        assert_true(empty.worker->joined->how == Joined::How::loaded);
        assert_true(first.book().before == before);
        assert_true(
            has_line(first, "Redis was empty: gave it this host's state") !=
            has_line(second, "Redis was empty: gave it this host's state"));
        assert_int_equal(first.zone.header->terms, terms + 1);
        assert_true(first.zone.store.topics.newest("t1").epoch != 0);
        assert_true(behind.worker->joined->how == Joined::How::loaded);
        cluster.publish("t1", "again");
        assert_same_everywhere(cluster);
    }
}

// Entries that this host has applied are not in the log any more.
void test_entries_are_lost(void** /*state*/)
{
    Cluster cluster(3);
    FakeHost& first = begin(cluster);
    store(cluster, first);
    cluster.publish("kept", "x");
    cluster.publish("lost", "x");
    cluster.publish("lost", "y");
    first.follow(cluster.redis);
    const uint64_t entries = first.book().entries;
    cluster.redis.lose(2);
    cluster.begin_all();
    cluster.run_until_joined();
    assert_true(first.worker->joined->how == Joined::How::loaded);
    assert_true(first.worker->joined->is_rewound);
    assert_true(first.book().rewound != 0);
    first.follow(cluster.redis);
    assert_int_equal(
        first.worker->joined->entries_before - first.book().entries, 2);
    assert_int_equal(first.worker->joined->entries_before, entries);
    assert_true(first.zone.store.topics.newest("lost").epoch == 0);
    assert_true(first.zone.store.topics.newest("kept").epoch != 0);
    TermEntry term;
    term.lineage = first.book().lineage_text();
    term.jump = 1000;
    term.forced = true;
    cluster.redis.append(encode({7, 0, 0}, term));
    first.follow(cluster.redis);
    assert_true(first.book().rewound == 0);

    // Others came since, so that the log's end is later.
    cluster.publish("lost", "x");
    first.follow(cluster.redis);
    cluster.redis.lose(1);
    cluster.pass(10);
    cluster.publish("other", "x");
    cluster.begin_all();
    cluster.run_until_joined();
    assert_true(first.worker->joined->is_rewound);
    assert_same_everywhere(cluster);
}

// What it has not read yet was trimmed; it had applied nothing that was lost.
void test_was_away(void** /*state*/)
{
    Cluster cluster(3);
    FakeHost& first = begin(cluster);
    store(cluster, first);
    FakeHost& second = cluster.add();
    second.worker->joining.begin();
    cluster.run_until_joined();
    for (int i = 0; i < 9; i++) {
        cluster.publish("later", std::to_string(i));
    }
    first.follow(cluster.redis);
    const auto stored = store(cluster, first);
    cluster.redis.trim(stored.position);
    cluster.begin_all();
    cluster.run_until_joined();
    assert_true(second.worker->joined->how == Joined::How::loaded);
    assert_false(second.worker->joined->is_rewound);
    assert_same_everywhere(cluster);
}

// The newest is bad in some way: the previous one is taken.
void test_bad_snapshots(void** /*state*/)
{
    using Spoil = void (*)(FakeRedis&);
    const Spoil spoils[] = {
        [](FakeRedis& r) { r.chunks[r.newest.id].pieces[0][40] ^= 1; },
        [](FakeRedis& r) { r.newest.crc++; },
        [](FakeRedis& r) { r.newest.nonce++; },
        [](FakeRedis& r) { r.newest.position.number++; },
        [](FakeRedis& r) { r.newest.chunks++; },
        [](FakeRedis& r) { r.newest.chunks = 0; },
        [](FakeRedis& r) { r.newest.bytes--; },
        [](FakeRedis& r) { r.newest.format = 1; },
        [](FakeRedis& r) { r.newest.genesis.number++; },
        [](FakeRedis& r) { r.newest.id = 0; },
        [](FakeRedis& r) { r.chunks[r.newest.id].pieces[0].clear(); },
        [](FakeRedis& r) { r.chunks[r.newest.id].pieces[0] += "more"; },
        [](FakeRedis& r) { // another one's data
            r.newest.bytes = r.previous.bytes;
            r.newest.chunks = r.previous.chunks;
            r.newest.crc = r.previous.crc;
            r.chunks[r.newest.id] = r.chunks[r.previous.id];
        },
    };
    for (const Spoil spoil : spoils) {
        Cluster cluster(3);
        FakeHost& first = begin(cluster);
        store(cluster, first);
        const auto previous = cluster.redis.newest;
        cluster.publish("t1", "x");
        first.follow(cluster.redis);
        store(cluster, first);
        spoil(cluster.redis);
        FakeHost& second = cluster.add();
        second.worker->joining.begin();
        cluster.run_until_joined();
        assert_int_equal(second.worker->joined->snapshot_bytes, previous.bytes);
        assert_true(second.is_in(cluster.redis));
        second.follow(cluster.redis);
        assert_same(second.zone, first.zone.state());
    }
}

// There is none that could be loaded, but somebody follows the log.
void test_waits_for_a_snapshot(void** /*state*/)
{
    Cluster cluster(3);
    FakeHost& first = begin(cluster);
    cluster.redis.newest.crc++;
    FakeHost& second = cluster.add();
    second.worker->joining.begin();
    const int64_t begun_ms = cluster.redis.now_ms;
    int64_t told_ms = begun_ms;
    cluster.run_until([&] {
        if (cluster.redis.now_ms - told_ms > 2000) {
            cluster.publish("alive", "x");
            told_ms = cluster.redis.now_ms;
        }
        return cluster.redis.now_ms - begun_ms > 100'000;
    });
    assert_int_equal(cluster.redis.founded, 1);
    first.follow(cluster.redis);
    store(cluster, first);
    cluster.run_until_joined();
    assert_same_everywhere(cluster);
}

// And nobody does: what it has is better than nothing.
void test_nothing_to_be_had(void** /*state*/)
{
    Cluster cluster(3);
    FakeHost& first = begin(cluster);
    const std::string state = first.zone.state();
    cluster.redis.newest.crc++;
    cluster.redis.log.erase(cluster.redis.log.begin(),
                            cluster.redis.log.end() - 1);
    cluster.publish("not/here", "x");
    cluster.redis.log.erase(cluster.redis.log.begin());
    cluster.begin_all();
    const int64_t begun_ms = cluster.redis.now_ms;
    cluster.run_until_joined();
    assert_true(cluster.redis.now_ms - begun_ms >= Joining::kFruitlessMs);
    assert_int_equal(cluster.redis.founded, 2);
    assert_true(first.worker->joined->how == Joined::How::seeded);
    assert_true(first.zone.store.topics.newest("t1").epoch != 0);
    assert_same_everywhere(cluster);
}

void test_stuck(void** /*state*/)
{
    Cluster cluster(3);
    FakeHost& first = begin(cluster);
    store(cluster, first);
    const std::string state = first.zone.state();
    const auto stuck = [&](FakeHost& host) {
        host.worker->joining.begin();
        cluster.run_until([&] { return !host.worker->stuck.empty(); });
        assert_false(host.worker->joining.is_running());
        return std::exchange(host.worker->stuck, {});
    };
    FakeHost& small = cluster.add(1UL << 20, 2000);
    assert_text(stuck(small), "too small to follow the log");
    assert_true(small.book().replacing == 0);
    FakeHost& other = cluster.add();
    cluster.redis.newest.bytes = uint64_t{1} << 40;
    assert_text(stuck(other), "too small to follow the log");
    cluster.redis.newest.format = 3;
    assert_text(stuck(other), "the snapshot is of format 3: upgrade this host");
    cluster.redis.foreign = "the key is a list";
    assert_text(stuck(other), "the key is a list");
    cluster.redis.flush();
    cluster.redis.foreign = "the key is a list";
    assert_text(stuck(first), "the key is a list");
    assert_int_equal(cluster.redis.founded, 0);
    assert_int_equal(other.worker->replacings, 0);
    assert_same(first.zone, state);
}

// It is replaced while it is read.
void test_chunks_vanish(void** /*state*/)
{
    Cluster cluster(3);
    FakeHost& first = begin(cluster);
    const std::string large(150'000, 'x');
    for (int i = 0; i < 4; i++) {
        cluster.publish("large" + std::to_string(i), large);
    }
    FakeHost& second = cluster.add();
    first.follow(cluster.redis);
    store(cluster, first);
    assert_true(cluster.redis.newest.chunks > 2);
    second.worker->joining.begin();
    cluster.run_until([&] {
        return std::count(second.worker->link.seen.begin(),
                          second.worker->link.seen.end(), "get") == 2;
    });
    for (int i = 0; i < 2; i++) {
        cluster.publish("t0", "x");
        first.follow(cluster.redis);
        store(cluster, first);
    }
    cluster.run_until_joined();
    assert_same_everywhere(cluster);
}

void test_stop(void** /*state*/)
{
    for (int turns = 0; turns < 60; turns++) {
        Cluster cluster(3);
        FakeHost& first = begin(cluster);
        store(cluster, first);
        FakeHost& second = cluster.add();
        second.worker->joining.begin();
        for (int i = 0; i < turns && !second.worker->joined; i++) {
            cluster.turn();
        }
        second.worker->joining.stop();
        const bool was_done = second.worker->joined.has_value();
        for (int i = 0; i < 100; i++) {
            cluster.turn();
        }
        assert_true(second.worker->joined.has_value() == was_done);
        assert_text(second.zone.fault(), "");
        second.worker->joining.begin();
        cluster.run_until_joined();
        assert_same_everywhere(cluster);
    }
}

// --- whatever happens

constexpr int kSeeds = 150;

// Hosts that all look at once, while connections end, with what was asked done
// or not, calls are refused, and workers die and are followed by others.
void run_with_faults(uint64_t seed, bool emptied)
{
    Cluster cluster(seed);
    FakeHost& first = begin(cluster);
    store(cluster, first);
    const uint64_t hosts = 1 + seed % 3;
    for (uint64_t i = 0; i < hosts; i++) {
        FakeHost& host = cluster.add();
        if (cluster.random() % 2 == 0) { // it was there, and is a bit behind
            host.worker->joining.begin();
            cluster.run_until([&] { return host.worker->joined.has_value(); });
            host.follow(cluster.redis);
            cluster.publish("t1", "more");
            first.follow(cluster.redis);
        }
    }
    first.follow(cluster.redis);
    if (emptied) {
        cluster.redis.flush();
    } else {
        store(cluster, first);
        cluster.redis.trim(cluster.redis.newest.position);
    }
    cluster.begin_all();
    for (int i = 0; i < 400; i++) {
        cluster.turn();
        FakeHost& host =
            *cluster.hosts[cluster.random() % cluster.hosts.size()];
        switch (cluster.random() % 30) {
        case 0:
            host.worker->link.cut(
                static_cast<FakeLink::Done>(cluster.random() % 2 == 0));
            break;
        case 1: { // it dies
            const bool joined = host.worker->joined.has_value();
            host.start(cluster.redis);
            assert_text(host.zone.fault(), "");
            if (!joined || !host.is_in(cluster.redis)) {
                host.worker->joining.begin();
            } else {
                host.worker->joined.emplace();
            }
            break;
        }
        case 2: {
            static const char* const kCalls[] = {"put",   "look",   "found",
                                                 "offer", "get",    "next_id",
                                                 "",      "look_up"};
            host.worker->link.refuses = kCalls[cluster.random() % 8];
            break;
        }
        default:
            break;
        }
        if (cluster.random() % 4 == 0) {
            for (const auto& one : cluster.hosts) {
                one->worker->link.open = true;
            }
        }
    }
    for (const auto& host : cluster.hosts) {
        host->worker->link.open = true;
        host->worker->link.refuses.clear();
    }
    // One may have joined, and another one then begun the log.
    for (int i = 0; i < 5; i++) {
        cluster.run_until_joined();
        for (const auto& host : cluster.hosts) {
            if (!host->is_in(cluster.redis)) {
                host->worker->joined.reset();
                host->worker->joining.begin();
            }
        }
    }
    assert_int_equal(cluster.redis.founded, 1);
    assert_same_everywhere(cluster);
    // Who had something may have been out of reach when the log began.
    if (!emptied) {
        assert_true(first.zone.store.topics.newest("t19").epoch != 0);
    }
}

void test_faults(void** /*state*/)
{
    for (uint64_t seed = 1; seed <= kSeeds; seed++) {
        run_with_faults(seed, false);
    }
}

void test_faults_while_it_begins(void** /*state*/)
{
    for (uint64_t seed = 1; seed <= kSeeds; seed++) {
        run_with_faults(seed, true);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_redis_and_empty_hosts),
        cmocka_unit_test(test_loads_and_follows),
        cmocka_unit_test(test_adopts),
        cmocka_unit_test(test_redis_is_emptied),
        cmocka_unit_test(test_entries_are_lost),
        cmocka_unit_test(test_was_away),
        cmocka_unit_test(test_bad_snapshots),
        cmocka_unit_test(test_waits_for_a_snapshot),
        cmocka_unit_test(test_nothing_to_be_had),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_chunks_vanish),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_while_it_begins),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
