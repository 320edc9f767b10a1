// How a host follows a log: where it begins, what it does not go on from, and
// when others may append.
#include <memory>
#include <string>
#include <vector>

#include "log/log_id.hpp"
#include "support/asserts.hpp"
#include "support/follower.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint64_t kNonce = 5;

struct OneHost {
    OneHost()
    {
        redis.has_log = true;
        TermEntry genesis;
        genesis.op = EntryOp::genesis;
        genesis.lineage = "zero";
        first = redis.append(encode({kNonce, 0, 0}, genesis));
        redis.genesis = first;
        host = std::make_unique<Follower>(redis, first, kNonce);
    }

    // As another host's.
    LogId append(std::string_view topic, std::string_view payload)
    {
        number++;
        return redis.append(encode({1000 + number, 99, number},
                                   host->publication(topic, payload)));
    }
    [[nodiscard]] ClusterState state() const
    {
        return host->host.store.following.state();
    }
    [[nodiscard]] bool is_ready(std::string_view lineage) const
    {
        return host->host.store.following.is_ready(lineage);
    }
    // All connections end, and come again.
    void reconnect() const
    {
        host->following_link.cut(FakeLink::Done::no);
        host->tailer->on_closed("cut");
        host->cut(FakeLink::Done::no);
        host->open();
    }
    [[nodiscard]] size_t terms() const
    {
        size_t count = 0;
        for (const FakeEntry& entry : redis.log) {
            const auto decoded = decode_entry(entry.bytes);
            count +=
                decoded && std::holds_alternative<TermEntry>(decoded->body);
        }
        return count;
    }

    FakeRedis redis;
    LogId first{};
    uint64_t number = 0;
    std::unique_ptr<Follower> host;
};

void test_follows(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.append("a", "1");
    one.append("a", "2");
    assert_true(one.state() == ClusterState::joining);
    one.host->open();
    assert_true(one.state() == ClusterState::following);
    assert_true(one.is_ready("one"));
    assert_int_equal(one.terms(), 2); // its own, and the log's beginning
    assert_text(one.host->read("a"), "2:2");
    one.append("a", "3");
    one.host->settle();
    assert_text(one.host->read("a"), "3:3");
    assert_int_equal(one.host->joins, 0);
}

void test_goes_on_after_a_cut(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    one.append("a", "1");
    one.reconnect();
    assert_text(one.host->read("a"), "1:1");
    assert_int_equal(one.terms(), 2);
    assert_int_equal(one.host->told.size(), 2);
    assert_text(one.host->told[0], "Redis is not reachable: cut");
    assert_true(one.host->told[1].starts_with("following again after 0."));
}

void test_tells_once_that_it_is_gone(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    for (const char* why : {"cut", "cut", "refused", "refused"}) {
        one.host->tailer->on_closed(why);
    }
    assert_int_equal(one.host->told.size(), 2);
    assert_text(one.host->told[1], "still no Redis: refused");
}

void test_no_entry_of_the_zone(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.redis.log.clear();
    one.append("a", "1");
    one.host->open();
    assert_int_equal(one.host->joins, 1);
    assert_text(one.host->read("a"), "");
    assert_true(one.state() == ClusterState::joining);
}

// Another entry has its place.
void test_another_nonce(void** state)
{
    auto& one = state_of<OneHost>(state);
    set_nonce(one.redis.log[0].bytes, kNonce + 1);
    one.host->open();
    assert_int_equal(one.host->joins, 1);
}

void test_trimmed_before_it_was_read(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    one.append("a", "1");
    one.redis.trim(one.append("a", "2"));
    one.host->settle();
    assert_int_equal(one.host->joins, 1);
    assert_text(one.host->read("a"), "");
}

void test_connection_ends_while_it_joins(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.redis.log.clear();
    one.host->open();
    one.host->tailer->on_closed("cut");
    assert_int_equal(one.host->joins, 0);
    one.host->tailer->on_open("one");
    one.host->settle();
    assert_int_equal(one.host->joins, 1);
}

void test_joined(void** state)
{
    auto& one = state_of<OneHost>(state);
    const auto log = one.redis.log;
    one.redis.log.clear();
    one.host->open();
    one.redis.log = log;
    one.host->tailer->joined({});
    one.host->settle();
    assert_true(one.state() == ClusterState::following);
}

// What was lost is forked from, though the log's lineage may be the same.
void test_joined_after_a_loss(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    const size_t before = one.terms();
    const auto log = one.redis.log;
    one.redis.log.clear();
    one.append("x", "x");
    one.host->settle();
    assert_int_equal(one.host->joins, 1);
    one.redis.log = log;
    {
        Transaction tx(one.host->host.store.topics.parts().access);
        tx.set(one.host->host.header->replica.rewound, uint64_t{1});
    }
    Joined joined;
    joined.is_rewound = true;
    one.host->tailer->joined(joined);
    one.host->settle();
    assert_int_equal(one.terms(), before + 1);
    assert_true(one.is_ready("one"));
}

void test_foreign_entries(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    one.redis.append("hello");
    one.redis.log.back().kind = LogRecord::Kind::foreign;
    one.append("a", "1");
    one.host->settle();
    assert_text(one.host->read("a"), "1:1");
    one.reconnect();
    assert_true(one.state() == ClusterState::following);
}

void is_stuck(OneHost& one, const std::string& why)
{
    one.host->settle();
    assert_true(one.state() == ClusterState::stuck);
    assert_int_equal(one.host->told.size(), 1);
    assert_text(one.host->told[0], why);
    assert_false(one.is_ready("one"));
    assert_int_equal(one.host->sent_away, 1);
}

void test_newer_entries(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    const LogId id = one.redis.append("hello");
    one.redis.log.back().kind = LogRecord::Kind::newer;
    one.redis.log.back().format = 2;
    is_stuck(one,
             "entry " + text_of(id) + " is of format 2: upgrade this host");
}

void test_damaged_entries(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    const LogId id = one.append("a", "1");
    one.redis.log.back().bytes.pop_back();
    is_stuck(one, "entry " + text_of(id) + " can't be read");
    assert_text(one.host->read("a"), "");
    // Once it is mended, all goes on.
    one.redis.log.pop_back();
    one.append("a", "2");
    one.reconnect();
    assert_true(one.state() == ClusterState::following);
    assert_text(one.host->read("a"), "1:2");
}

// The same connection, as it is of a server that was promoted.
void test_another_lineage(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    one.redis.lineage = "two";
    one.host->tailer->on_open("two");
    assert_false(one.is_ready("two"));
    one.host->settle();
    assert_true(one.is_ready("two"));
    assert_int_equal(one.terms(), 3);
}

void test_another_host_begins_the_term(void** state)
{
    auto& one = state_of<OneHost>(state);
    TermEntry term;
    term.lineage = "one";
    term.jump = uint64_t{1} << 33;
    one.redis.append(encode({8, 0, 0}, term));
    one.host->open();
    assert_int_equal(one.terms(), 2);
    assert_true(one.is_ready("one"));
}

void test_says_that_it_is_alive(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    const auto hosts = [&] {
        return one.host->host.store.status().cluster;
    };
    one.host->settle();
    assert_int_equal(hosts().hosts, 1);
    assert_int_equal(hosts().capacity_bytes, 100'000);
    const size_t before = one.redis.log.size();
    one.host->pass(100);
    assert_int_equal(one.redis.log.size(), before);
    one.host->pass(kAliveMs);
    assert_int_equal(one.redis.log.size(), before + 1);
}

// One that hung, and another one meanwhile.
void test_two_of_them(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->open();
    one.append("a", "1");
    one.append("a", "2");
    one.host->following_link.deliver(); // it has both, and stands still
    CellAnswers answers(one.host->host.store.answers);
    Applier other(one.host->host.store.topics.parts(),
                  one.host->host.host_clock, answers);
    for (const FakeEntry& entry : one.redis.log) {
        const auto decoded = decode_entry(entry.bytes);
        while (other.step(entry.id, *decoded) == Applied::more) {
        }
    }
    assert_text(one.host->read("a"), "2:2");
    one.host->settle();
    assert_text(one.host->read("a"), "2:2");
}

} // namespace
} // namespace ws_pubsub

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, make_state<OneHost>,                 \
                                    destroy_state<OneHost>)

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        TEST(test_follows),
        TEST(test_goes_on_after_a_cut),
        TEST(test_tells_once_that_it_is_gone),
        TEST(test_no_entry_of_the_zone),
        TEST(test_another_nonce),
        TEST(test_trimmed_before_it_was_read),
        TEST(test_connection_ends_while_it_joins),
        TEST(test_joined),
        TEST(test_joined_after_a_loss),
        TEST(test_foreign_entries),
        TEST(test_newer_entries),
        TEST(test_damaged_entries),
        TEST(test_another_lineage),
        TEST(test_another_host_begins_the_term),
        TEST(test_says_that_it_is_alive),
        TEST(test_two_of_them),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
