// When a host stores a snapshot, what it does for that, and what of the log may
// go then.
#include <algorithm>
#include <string>

#include "log/snapshot_sender.hpp"
#include "support/asserts.hpp"
#include "support/fake_log.hpp"
#include "support/log_host.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint64_t kLogBytes = 100'000;

struct Sending final : public Worked {
    explicit Sending(FakeRedis& shared, uint64_t host_id = 1)
        : redis(shared), link(shared), log_port(link), snapshots(link),
          host(2UL << 20, 256UL << 10, {host_id, 3}),
          sender(log_port, snapshots, host.store.topics.parts(),
                 host.host_clock, host_id, kLogBytes, *this)
    {
        host.host_clock.now = redis.now_ms;
    }
    void run_in(int64_t ms) override { due_ms = host.host_clock.now + ms; }
    void log(LogLevel /*level*/, std::string_view text) override
    {
        lines.emplace_back(text);
    }
    // What stands in the log.
    void follow()
    {
        for (const FakeEntry& entry : redis.log) {
            if (!(entry.id <= host.header->replica.last)) {
                assert_false(sender.needs_pause());
                (void)host.apply({entry.id, entry.bytes});
                const auto read = decode_entry(entry.bytes);
                sender.applied(entry.id, entry.bytes.size(),
                               std::holds_alternative<Change>(read->body));
            }
        }
    }
    void publish(std::string_view topic, size_t bytes)
    {
        const std::string payload(bytes, 'x');
        Change change;
        change.topic = topic;
        change.payload = payload;
        redis.now_ms += 2;
        number++;
        redis.append(encode({number, 5, number}, change));
        follow();
    }
    void hear(uint64_t id, const LogId& position)
    {
        const std::string text =
            std::to_string(position.ms) + '-' + std::to_string(position.number);
        AliveEntry alive;
        alive.host = id;
        alive.position = text;
        redis.append(encode({++number, 0, 0}, alive));
        follow();
    }
    // Of the host's loop, with what time brings, for so long.
    void run_for(int64_t ms)
    {
        const int64_t end = redis.now_ms + ms;
        while (redis.now_ms < end) {
            turn(end);
        }
        host.host_clock.now = redis.now_ms;
    }
    // One of it; time goes no further than to `end`.
    void turn(int64_t end)
    {
        host.host_clock.now = redis.now_ms;
        if (link.deliver()) {
            return;
        }
        if (due_ms && *due_ms <= redis.now_ms) {
            due_ms.reset();
            return sender.run();
        }
        redis.now_ms = due_ms ? std::min(*due_ms, end) : end;
    }
    // The log begins, as a host has begun it.
    void found()
    {
        redis.has_log = true;
        TermEntry genesis;
        genesis.op = EntryOp::genesis;
        genesis.lineage = "one";
        redis.genesis = redis.append(encode({9, 0, 0}, genesis));
        follow();
    }
    [[nodiscard]] size_t count(std::string_view call) const
    {
        return static_cast<size_t>(
            std::count(link.seen.begin(), link.seen.end(), call));
    }

    FakeRedis& redis;
    FakeLink link;
    FakeLog log_port;
    FakeSnapshots snapshots;
    LogHost host;
    std::optional<int64_t> due_ms;
    std::vector<std::string> lines;
    uint64_t number = 0;
    SnapshotSender sender;
};

struct Fixture {
    Fixture()
    {
        one.found();
        one.sender.begin();
        one.run_for(5000); // there is none: so it is due
    }
    FakeRedis redis;
    Sending one{redis};
};

void test_first_one(void** state)
{
    auto& all = state_of<Fixture>(state);
    assert_true(all.redis.newest.id != 0);
    assert_true(all.redis.newest.position == all.one.host.header->replica.last);
    assert_true(all.redis.newest.genesis == *all.redis.genesis);
    assert_int_equal(all.one.count("commit"), 1);
    all.one.run_for(1'000'000);
    assert_int_equal(all.one.count("commit"), 1); // nothing has changed
}

void test_due_by_bytes(void** state)
{
    auto& all = state_of<Fixture>(state);
    all.one.run_for(60'000);
    all.one.publish("a", 90'000);
    all.one.run_for(60'000);
    assert_int_equal(all.one.count("commit"), 1);
    all.one.publish("a", 15'000);
    all.one.run_for(5000);
    assert_int_equal(all.one.count("commit"), 2);
    // Not so soon, but where it is a lot.
    all.one.publish("a", 110'000);
    all.one.run_for(5000);
    assert_int_equal(all.one.count("commit"), 2);
    all.one.publish("a", 110'000);
    all.one.run_for(5000);
    assert_int_equal(all.one.count("commit"), 3);
    assert_true(all.redis.previous.id != 0);
    assert_int_equal(all.redis.chunks.size(), 2);
}

void test_due_by_time(void** state)
{
    auto& all = state_of<Fixture>(state);
    all.one.publish("a", 10);
    all.one.run_for(590'000);
    all.one.publish("b", 10); // by which it learns the time
    assert_int_equal(all.one.count("commit"), 1);
    all.one.run_for(20'000);
    all.one.hear(3, {});
    all.one.run_for(5000);
    assert_int_equal(all.one.count("commit"), 2);
}

// Down to the previous one, and to where the hosts are.
void test_trims(void** state)
{
    auto& all = state_of<Fixture>(state);
    const LogId first = all.redis.newest.position;
    all.one.publish("a", 210'000);
    const LogId early = all.one.host.header->replica.last;
    all.one.publish("a", 10);
    all.one.run_for(40'000);
    assert_int_equal(all.one.count("trim"), 1);
    assert_true(all.redis.log.front().id == first);
    const LogId second = all.redis.newest.position;
    all.one.publish("a", 210'000);
    all.one.hear(8, {}); // says nothing of where it is
    all.one.hear(7, early);
    all.one.run_for(3000);
    assert_int_equal(all.one.count("commit"), 3);
    assert_true(all.redis.log.front().id == early);
    all.redis.now_ms += 20'000; // it is gone
    all.one.publish("a", 210'000);
    all.one.run_for(3000);
    assert_int_equal(all.one.count("commit"), 4);
    assert_true(!(all.redis.log.front().id <= second));
}

// Somebody else has trimmed the log: who joins could not go on from the newest.
void test_is_useless(void** state)
{
    auto& all = state_of<Fixture>(state);
    all.one.hear(1, {});
    all.one.run_for(60'000);
    assert_int_equal(all.one.count("commit"), 1);
    all.redis.trim(all.one.host.header->replica.last);
    all.one.run_for(SnapshotSender::kLookMs + 2000);
    assert_int_equal(all.one.count("commit"), 2);
    assert_true(all.redis.newest.position == all.one.host.header->replica.last);
    all.one.run_for(60'000);
    assert_int_equal(all.one.count("commit"), 2);
    // The entry that is there is another branch's.
    all.redis.log.front().bytes = encode({77, 0, 0}, AliveEntry());
    all.one.run_for(SnapshotSender::kLookMs + 2000);
    assert_true(all.one.count("commit") > 2);
}

// What one host stores the other one need not.
void test_two_hosts(void** state)
{
    auto& all = state_of<Fixture>(state);
    Sending two(all.redis, 2);
    two.follow();
    two.sender.begin();
    two.run_for(3000);
    assert_int_equal(two.count("commit"), 0);
    all.one.publish("a", 150'000);
    two.follow();
    all.one.run_for(40'000);
    assert_int_equal(all.one.count("commit"), 2);
    two.run_for(40'000);
    assert_int_equal(two.count("commit"), 0);
    // Nor while the other one is at it.
    all.redis.lease_host = 1;
    all.redis.lease_ends_ms = all.redis.now_ms + 25'000;
    all.one.publish("a", 250'000);
    two.follow();
    two.run_for(20'000);
    assert_true(two.count("lease") >= 1);
    assert_int_equal(two.count("put"), 0);
    two.run_for(20'000); // it has died
    assert_int_equal(two.count("commit"), 1);
    assert_true(two.lines.empty());
}

void test_paces_and_renews(void** state)
{
    auto& all = state_of<Fixture>(state);
    for (int i = 0; i < 12; i++) {
        all.one.publish("t" + std::to_string(i), 100'000);
    }
    const size_t puts = all.one.count("put");
    const int64_t begun_ms = all.redis.now_ms;
    while (all.one.count("commit") < 2) {
        all.one.run_for(5);
    }
    const auto chunks = static_cast<int64_t>(all.one.count("put") - puts);
    assert_true(chunks >= 5);
    assert_true(all.redis.now_ms - begun_ms >=
                (chunks - 1) * SnapshotSender::kChunkMs);
    // Another one has taken the lease meanwhile: this one has hung.
    all.one.publish("t1", 210'000);
    while (all.one.count("put") < puts + static_cast<size_t>(chunks) + 2) {
        all.one.run_for(5);
    }
    all.redis.lease_host = 9;
    all.redis.lease_ends_ms = all.redis.now_ms + 100'000;
    all.redis.now_ms += SnapshotSender::kRenewMs;
    all.one.run_for(3000);
    assert_int_equal(all.one.count("commit"), 2);
}

void test_failures(void** state)
{
    auto& all = state_of<Fixture>(state);
    for (const char* call : {"put", "commit"}) {
        all.one.link.refuses = call;
        all.one.publish("a", 250'000);
        all.one.run_for(25'000);
    }
    assert_int_equal(all.one.lines.size(), 1); // once
    assert_text(all.one.lines[0],
                "can't store a snapshot in Redis: as the test wants it");
    assert_true(all.one.sender.sending().failures >= 2);
    all.one.link.refuses.clear();
    all.one.run_for(15'000);
    assert_true(all.redis.newest.position == all.one.host.header->replica.last);
    assert_int_equal(all.one.sender.sending().log_bytes, 0);
    // The log is another one by now.
    all.redis.genesis->number++;
    all.one.publish("a", 250'000);
    all.one.run_for(100'000);
    assert_true(all.redis.newest.genesis == *all.redis.genesis);
}

void test_connection_ends(void** state)
{
    for (int turns = 0; turns < 30; turns++) {
        FakeRedis redis;
        Sending one(redis);
        one.found();
        one.sender.begin();
        for (int i = 0; i < turns; i++) {
            one.run_for(1);
        }
        one.link.cut(static_cast<FakeLink::Done>(turns % 2 == 0));
        one.sender.stop();
        assert_false(one.sender.needs_pause());
        one.run_for(1000);
        one.link.open = true;
        one.publish("a", 10);
        one.sender.begin();
        one.run_for(20'000);
        assert_true(redis.newest.id != 0);
        assert_true(one.lines.empty());
    }
    (void)state;
}

// Somebody else applies an entry while it is written: it is begun anew.
void test_applied_meanwhile(void** state)
{
    auto& all = state_of<Fixture>(state);
    for (int i = 0; i < 12; i++) {
        all.one.publish("t" + std::to_string(i), 100'000);
    }
    while (!all.one.sender.needs_pause()) {
        all.one.turn(all.redis.now_ms + 1000);
    }
    all.one.sender.run(); // a part
    assert_true(all.one.sender.needs_pause());
    Change change;
    change.topic = "a";
    all.redis.now_ms += 5;
    const LogId id = all.redis.append(encode({777, 0, 0}, change));
    (void)all.one.host.apply({id, all.redis.log.back().bytes});
    all.one.run_for(60'000);
    assert_int_equal(all.one.count("commit"), 2);
    assert_true(all.redis.newest.position == id);
    assert_true(all.one.lines.empty());
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Fixture>,
                          destroy_state<Fixture>, nullptr};
    };
    const CMUnitTest tests[] = {
        of("test_first_one", test_first_one),
        of("test_due_by_bytes", test_due_by_bytes),
        of("test_due_by_time", test_due_by_time),
        of("test_trims", test_trims),
        of("test_is_useless", test_is_useless),
        of("test_two_hosts", test_two_hosts),
        of("test_paces_and_renews", test_paces_and_renews),
        of("test_failures", test_failures),
        of("test_connection_ends", test_connection_ends),
        of("test_applied_meanwhile", test_applied_meanwhile),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
