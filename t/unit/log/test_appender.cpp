// What becomes of changes that go through a log, whatever its connection does.
#include <memory>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/follower.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint64_t kNonce = 5;

// "error.cause" of what was not, or may not have been, done.
const char* const kNotDone = "115.0";
const char* const kNotKnown = "116.0";

struct OneHost {
    OneHost()
    {
        redis.has_log = true;
        TermEntry genesis;
        genesis.op = EntryOp::genesis;
        genesis.lineage = "zero";
        const LogId first = redis.append(encode({kNonce, 0, 0}, genesis));
        redis.genesis = first;
        host = std::make_unique<Follower>(redis, first, kNonce);
        host->open();
        host->settle();
    }

    FakeRedis redis;
    std::unique_ptr<Follower> host;
};

// How many entries of changes there are in the log.
size_t changes_in(const FakeRedis& redis)
{
    size_t count = 0;
    for (const FakeEntry& entry : redis.log) {
        const auto decoded = decode_entry(entry.bytes);
        count += decoded && std::holds_alternative<Change>(decoded->body);
    }
    return count;
}

void test_answered_once_applied(void** state)
{
    auto& one = state_of<OneHost>(state);
    const auto asked = one.host->publish("a", "x");
    assert_text(asked->answer, "");
    assert_true(one.host->appending_link.deliver());
    assert_text(asked->answer, ""); // it is in the log, that is all
    one.host->settle();
    assert_text(one.host->read("a"), "1:x");
    const Position at = one.host->host.store.topics.newest("a");
    assert_text(asked->answer, std::to_string(at.epoch) + ":1");
    assert_true(one.host->appender->is_idle());
}

void test_errors_are_answered(void** state)
{
    auto& one = state_of<OneHost>(state);
    Change change = one.host->publication("a", "x");
    change.condition.kind = Condition::Kind::exists;
    const Asked asked(one.host->appender->commit(change));
    one.host->settle();
    assert_text(asked.answer, "114.1");
    assert_text(one.host->read("a"), "");
}

void test_too_big(void** state)
{
    auto& one = state_of<OneHost>(state);
    const auto asked =
        one.host->publish("a", std::string(kMaxLoggedBytes + 1, 'x'));
    assert_text(asked->answer, "106.0");
}

void test_not_while_the_zone_joins(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->host.store.following.set_state(ClusterState::joining);
    assert_text(one.host->publish("a", "x")->answer, kNotDone);
    assert_int_equal(changes_in(one.redis), 0);
}

void test_order(void** state)
{
    auto& one = state_of<OneHost>(state);
    std::vector<std::unique_ptr<Asked>> asked;
    for (const char* text : {"1", "2", "3"}) {
        asked.push_back(one.host->publish("a", text));
    }
    one.host->settle();
    assert_text(one.host->read("a"), "3:3");
    assert_true(asked[0]->answer.ends_with(":1"));
    assert_true(asked[1]->answer.ends_with(":2"));
    assert_true(asked[2]->answer.ends_with(":3"));
}

// Whether the first one came to the log or not before the connection ended.
void is_done_once_over_connections(OneHost& one, FakeLink::Done done)
{
    const auto first = one.host->publish("a", "1");
    const auto second = one.host->publish("a", "2");
    one.host->cut(done);
    one.host->settle();
    assert_text(second->answer, "");
    one.host->open();
    one.host->settle();
    assert_text(one.host->read("a"), "2:2");
    const Position at = one.host->host.store.topics.newest("a");
    assert_text(first->answer, std::to_string(at.epoch) + ":1");
    assert_text(second->answer, std::to_string(at.epoch) + ":2");
    assert_int_equal(changes_in(one.redis), 2);
}

// The one that came is appended again, as nobody here has seen it.
void test_cut_with_all(void** state)
{
    auto& one = state_of<OneHost>(state);
    const auto first = one.host->publish("a", "1");
    const auto second = one.host->publish("a", "2");
    one.host->cut(FakeLink::Done::yes);
    one.host->following_link.cut(FakeLink::Done::no);
    one.host->tailer->on_closed("cut");
    one.host->appending_link.open = true;
    one.host->appender->on_open(one.host->appending.lineage());
    one.host->settle();
    assert_text(first->answer, "");
    one.host->following_link.open = true;
    one.host->tailer->on_open(one.host->following.lineage());
    one.host->settle();
    assert_int_equal(changes_in(one.redis), 3);
    assert_text(one.host->read("a"), "2:2");
    assert_true(first->answer.ends_with(":1"));
    assert_true(second->answer.ends_with(":2"));
}

void test_cut_before_it_came(void** state)
{
    is_done_once_over_connections(state_of<OneHost>(state), FakeLink::Done::no);
}

void test_cut_after_it_came(void** state)
{
    is_done_once_over_connections(state_of<OneHost>(state),
                                  FakeLink::Done::yes);
}

void test_refused_and_tried_again(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->appending_link.refuses = "append";
    const auto first = one.host->publish("a", "1");
    one.host->settle();
    const auto second = one.host->publish("a", "2"); // waits behind it
    one.host->settle();
    assert_text(first->answer, "");
    assert_int_equal(changes_in(one.redis), 0);
    one.host->appending_link.refuses = "";
    one.host->pass(100);
    assert_text(one.host->read("a"), "2:2");
    assert_false(first->answer.empty());
    assert_false(second->answer.empty());
}

void test_refused_until_the_end(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->appending_link.refuses = "append";
    const auto asked = one.host->publish("a", "1");
    for (int i = 0; i < 10; i++) {
        one.host->pass(600);
    }
    assert_text(asked->answer, kNotDone);
    assert_true(one.host->appender->is_idle());
}

// One that was refused is not done behind those that came later.
void test_refused_amid_others(void** state)
{
    auto& one = state_of<OneHost>(state);
    const auto first = one.host->publish("a", "1");
    const auto second = one.host->publish("a", "2");
    one.host->appending_link.refuses = "append";
    one.host->appending_link.deliver();
    one.host->appending_link.refuses = "";
    one.host->settle();
    assert_text(one.host->read("a"), "1:2");
    assert_text(first->answer, kNotDone);
    assert_false(second->answer.empty());
    one.host->pass(1000);
    assert_text(one.host->read("a"), "1:2");
}

void test_never_sent(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->cut(FakeLink::Done::no);
    const auto asked = one.host->publish("a", "1");
    one.host->pass(kDefaultClusterWaitMs - 1);
    assert_text(asked->answer, "");
    one.host->pass(1);
    assert_text(asked->answer, kNotDone);
    one.host->open();
    one.host->settle();
    assert_text(one.host->read("a"), "");
}

void test_sent_and_unanswered(void** state)
{
    auto& one = state_of<OneHost>(state);
    const auto asked = one.host->publish("a", "1");
    one.host->host.host_clock.now += kDefaultClusterWaitMs;
    one.host->appender->run();
    assert_text(asked->answer, kNotKnown);
    one.host->settle(); // it came all the same
    assert_text(one.host->read("a"), "1:1");
    const auto next = one.host->publish("a", "2");
    one.host->settle();
    assert_false(next->answer.empty());
}

void test_cut_and_unanswered(void** state)
{
    auto& one = state_of<OneHost>(state);
    const auto asked = one.host->publish("a", "1");
    one.host->cut(FakeLink::Done::yes);
    one.host->host.host_clock.now += kDefaultClusterWaitMs;
    one.host->appender->run();
    assert_text(asked->answer, kNotKnown);
}

void test_nobody_waits(void** state)
{
    auto& one = state_of<OneHost>(state);
    {
        const auto asked = one.host->publish("a", "1");
    }
    one.host->settle();
    assert_text(one.host->read("a"), "1:1");
    assert_true(one.host->appender->is_idle());
}

// Who is told at the end, and goes on, is refused: there is no log any more.
void test_ends_while_somebody_waits(void** state)
{
    auto& one = state_of<OneHost>(state);
    Appender* appender = &*one.host->appender;
    const Change change = one.host->publication("a", "2");
    Outcome outcome = appender->commit(change);
    auto pending = outcome.take_pending();
    std::string told;
    std::string next;
    pending->then([&](const Result<ChangeAnswer>& answer) {
        told = answer_text(answer);
        next = Asked(appender->commit(change)).answer;
    });
    one.host->appending_link.cut(FakeLink::Done::no);
    one.host->appender.reset();
    assert_text(told, kNotKnown);
    assert_text(next, kNotDone);
}

void test_only_so_many_bytes(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->cut(FakeLink::Done::no);
    const std::string half(kDefaultClusterPending / 2, 'x');
    const auto first = one.host->publish("a", half);
    assert_text(first->answer, "");
    const auto second = one.host->publish("a", half);
    assert_text(second->answer, kNotDone);
    const auto small = one.host->publish("a", "1");
    assert_text(small->answer, "");
}

void test_only_so_many(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->cut(FakeLink::Done::no);
    std::vector<std::unique_ptr<Asked>> asked;
    for (size_t i = 0; i < kAnswerCells; i++) {
        asked.push_back(one.host->publish("a", "x"));
        assert_text(asked.back()->answer, "");
    }
    assert_text(one.host->publish("a", "x")->answer, kNotDone);
    // All of them get their answers, though they come at once.
    one.host->open();
    for (int i = 0; i < 30; i++) {
        one.host->settle();
    }
    for (const auto& each : asked) {
        assert_false(each->answer.empty());
    }
    // And so do those of later, in the same cells.
    const auto next = one.host->publish("b", "x");
    one.host->settle();
    assert_false(next->answer.empty());
}

// More than there are cells go unanswered, and then it goes on.
void test_after_a_long_time_without_the_log(void** state)
{
    auto& one = state_of<OneHost>(state);
    for (int round = 0; round < 3; round++) {
        std::vector<std::unique_ptr<Asked>> asked;
        for (size_t i = 0; i < kAnswerCells / 2; i++) {
            asked.push_back(one.host->publish("a", "x"));
        }
        one.host->host.host_clock.now += kDefaultClusterWaitMs;
        one.host->appender->run();
        assert_text(asked.back()->answer, kNotKnown);
    }
    one.host->cut(FakeLink::Done::no);
    one.host->open();
    const auto next = one.host->publish("b", "x");
    one.host->settle();
    assert_false(next->answer.empty());
}

// Another worker's log is not ready before its term was applied.
void test_not_over_another_lineage(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.redis.lineage = "another";
    one.host->cut(FakeLink::Done::no);
    one.host->appending_link.open = true;
    one.host->appender->on_open(one.host->appending.lineage());
    const auto asked = one.host->publish("a", "1");
    one.host->settle();
    assert_int_equal(changes_in(one.redis), 0);
    one.host->tailer->on_open("another");
    one.host->settle();
    one.host->pass(30);
    assert_false(asked->answer.empty());
    assert_text(one.host->read("a"), "1:1");
}

void test_catching_up(void** state)
{
    auto& one = state_of<OneHost>(state);
    Change change = one.host->publication("a", "x");
    one.redis.append(encode({9, 99, 1}, change)); // another host's
    const Asked waits(one.host->appender->catch_up());
    one.host->appender->run();
    assert_true(one.host->appending_link.deliver());
    one.host->appender->run();
    assert_text(waits.answer, ""); // it is not applied yet
    one.host->settle();
    one.host->appender->run();
    assert_text(waits.answer, "0:0");
    assert_text(one.host->read("a"), "1:x");
}

void test_catching_up_in_vain(void** state)
{
    auto& one = state_of<OneHost>(state);
    one.host->cut(FakeLink::Done::no);
    const Asked waits(one.host->appender->catch_up());
    one.host->pass(kDefaultClusterWaitMs - 1);
    assert_text(waits.answer, "");
    one.host->pass(1);
    assert_text(waits.answer, kNotDone);
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
        TEST(test_answered_once_applied),
        TEST(test_errors_are_answered),
        TEST(test_too_big),
        TEST(test_not_while_the_zone_joins),
        TEST(test_order),
        TEST(test_cut_before_it_came),
        TEST(test_cut_after_it_came),
        TEST(test_cut_with_all),
        TEST(test_refused_and_tried_again),
        TEST(test_refused_until_the_end),
        TEST(test_refused_amid_others),
        TEST(test_never_sent),
        TEST(test_sent_and_unanswered),
        TEST(test_cut_and_unanswered),
        TEST(test_nobody_waits),
        TEST(test_ends_while_somebody_waits),
        TEST(test_only_so_many_bytes),
        TEST(test_only_so_many),
        TEST(test_after_a_long_time_without_the_log),
        TEST(test_not_over_another_lineage),
        TEST(test_catching_up),
        TEST(test_catching_up_in_vain),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
