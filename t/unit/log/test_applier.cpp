// What comes of the entries of a log, one behaviour at a time.
#include <cstdio>
#include <memory>
#include <string>

#include "support/asserts.hpp"
#include "support/log_host.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

struct OneHost {
    explicit OneHost(size_t arena_bytes = 1UL << 20)
        : host(arena_bytes, 8UL << 10, {1, 2})
    {}

    LoggedEntry entry(const EntryBody& body, int64_t later_ms = 1,
                      EntryHead head = {})
    {
        last.ms += static_cast<uint64_t>(later_ms);
        last.number++;
        head.nonce = ++nonce;
        return {last, encode(head, body)};
    }
    // Returns what was answered.
    std::string put(const EntryBody& body, int64_t later_ms = 1,
                    const EntryHead& head = {})
    {
        assert_true(host.apply(entry(body, later_ms, head)) == Applied::done);
        return host.answers.texts[nonce];
    }
    [[nodiscard]] const ReplicaBook& book() const
    {
        return host.header->replica;
    }
    bool exists(std::string_view topic)
    {
        return host.store.topics.newest(topic).epoch != 0;
    }
    std::string read(std::string_view topic, uint32_t last_ones = 1000)
    {
        ReadFrom from;
        from.kind = ReadFrom::Kind::last;
        from.last = last_ones;
        Batch batch;
        host.store.topics.read(topic, from, {}, batch);
        return batch_text(batch);
    }

    LogHost host;
    LogId last{kLogStartMs + 1000, 0};
    uint64_t nonce = 0;
};

Change publication(std::string_view topic, std::string_view payload,
                   const Policy& policy = {})
{
    Change change;
    change.topic = topic;
    change.payload = payload;
    change.policy = policy;
    return change;
}

Change removal(std::string_view topic)
{
    Change change;
    change.op = Change::Op::remove;
    change.topic = topic;
    return change;
}

AliveEntry alive(uint64_t host, uint64_t capacity_bytes)
{
    AliveEntry entry;
    entry.host = host;
    entry.capacity_bytes = capacity_bytes;
    return entry;
}

Policy idle_after(int64_t ms)
{
    Policy policy;
    policy.idle_ms = ms;
    return policy;
}

Policy old_after(int64_t ms)
{
    Policy policy;
    policy.ttl_ms = ms;
    return policy;
}

void test_publish_and_remove(void** state)
{
    auto& one = state_of<OneHost>(state);
    assert_text(one.put(publication("a", "x")), "1:1");
    assert_text(one.put(publication("a", "y", keeping(5))), "1:2");
    assert_text(one.put(publication("b", "z")), "2:1");
    assert_text(one.read("a"), "1:x 2:y");
    assert_text(one.put(removal("a")), "1:2");
    assert_text(one.put(removal("a")), "0:0");
    assert_false(one.exists("a"));
    assert_true(one.book().last == one.last);
    assert_int_equal(one.book().last_nonce, one.nonce);
    Batch batch;
    one.host.store.topics.read("b", {}, {}, batch);
    assert_int_equal(batch[0].message.time_ms, one.last.ms - 2);
}

void test_what_was_applied_is_skipped(void** state)
{
    auto& one = state_of<OneHost>(state);
    const LoggedEntry first = one.entry(publication("a", "1"));
    const LoggedEntry second = one.entry(publication("a", "2"));
    assert_true(one.host.apply(first) == Applied::done);
    assert_true(one.host.apply(first) == Applied::skipped);
    assert_true(one.host.apply(second) == Applied::done);
    const std::string before = one.host.state();
    assert_true(one.host.apply(first) == Applied::skipped);
    assert_true(one.host.apply(second) == Applied::skipped);
    assert_text(one.host.state(), before);
    assert_int_equal(one.host.answers.texts.size(), 2);
}

void test_duplicates(void** state)
{
    auto& one = state_of<OneHost>(state);
    (void)one.put(publication("a", "1"), 1, {0, 7, 2});
    for (const uint64_t number : {2, 1}) {
        const LoggedEntry again =
            one.entry(publication("a", "1"), 1, {0, 7, number});
        assert_true(one.host.apply(again) == Applied::skipped);
        assert_true(one.book().last == again.id);
    }
    assert_int_equal(one.host.answers.texts.size(), 1);
    (void)one.put(publication("a", "2"), 1, {0, 8, 1});
    (void)one.put(publication("a", "3"), 1, {0, 7, 3});
    assert_int_equal(one.host.store.topics.newest("a").seq, 3);
    // It is forgotten, the other one is not.
    (void)one.put(publication("a", "4"), kOriginKeptMs - 1, {0, 8, 2});
    assert_non_null(one.book().origin_head->next);
    (void)one.put(publication("a", "5"), 1);
    assert_int_equal(one.book().origin_head->id, 8);
    assert_null(one.book().origin_head->next);
}

void test_terms(void** state)
{
    auto& one = state_of<OneHost>(state);
    (void)one.put(publication("a", "1"));
    TermEntry term;
    term.op = EntryOp::genesis;
    term.lineage = "first";
    term.jump = 1000;
    term.body_seed[0] = 5;
    term.body_seed[1] = 6;
    (void)one.put(term);
    assert_int_equal(one.host.header->terms, 1);
    assert_int_equal(one.book().body_seed[1], 6);
    term.op = EntryOp::term;
    (void)one.put(term);
    assert_int_equal(one.host.header->terms, 1);
    term.forced = true;
    (void)one.put(term);
    assert_int_equal(one.host.header->terms, 2);
    term.forced = false;
    term.lineage = "a-second-one";
    (void)one.put(term);
    (void)one.put(term);
    assert_int_equal(one.host.header->terms, 3);
    assert_text(one.put(publication("a", "2")), "3002:2");
    assert_true(one.host.store.topics.is_known("a", {1, 1}));
    assert_false(one.host.store.topics.is_known("a", {1, 2}));
}

void test_keys(void** state)
{
    auto& one = state_of<OneHost>(state);
    Change change = publication("a", "1");
    change.idempotency_key = "key";
    change.body_hash = 1;
    assert_text(one.put(change), "1:1");
    assert_text(one.put(change), "1:1");
    assert_int_equal(one.book().used_bytes, 160 + 1 + 1 + 96 + 3);
    change.body_hash = 2;
    assert_text(one.put(change), "114.2");
    assert_text(one.put(change, kIdempotencyTtlMs), "1:2");
}

void test_room(void** state)
{
    auto& one = state_of<OneHost>(state);
    const std::string payload(839, 'x');
    assert_text(one.put(publication("a", payload)), "1:1"); // 1,000 bytes
    (void)one.put(alive(1, 2500));
    (void)one.put(alive(2, 2000));
    assert_text(one.put(publication("b", payload)), "2:1");
    assert_text(one.put(publication("c", "")), "108.0");
    assert_text(one.put(publication("a", payload + "x")), "108.0");
    assert_text(one.put(publication("a", payload, keeping(10))), "1:2");
    // History is no matter, and less is always right.
    assert_text(one.put(publication("a", "", keeping_nothing())), "1:3");
    assert_text(one.put(publication("a", payload)), "1:4");
    AliveEntry leaving = alive(2, 0);
    leaving.leaving = true;
    (void)one.put(leaving);
    assert_text(one.put(publication("c", "")), "3:1");
    (void)one.put(alive(3, 100));
    assert_text(one.put(publication("d", "")), "108.0");
    (void)one.put(alive(1, 5000), kLogHostGoneMs - 2);
    assert_text(one.put(publication("d", ""), 0), "108.0");
    assert_text(one.put(publication("d", "")), "4:1");
    // Nobody is left.
    const std::string large(5000, 'x');
    assert_text(one.put(publication("e", large), 60'000), "108.0");
    assert_int_equal(one.book().capacity_bytes, 5000);
}

void test_time_is_that_of_the_log(void** state)
{
    auto& one = state_of<OneHost>(state);
    (void)one.put(publication("a", "x", old_after(5000)));
    (void)one.put(publication("b", "x", idle_after(5000)));
    one.host.host_clock.now += 3'600'000; // of this host
    while (one.host.store.expire(one.host.clock.ticks_ms())) {
    }
    assert_false(one.exists("a")); // for those who read
    assert_int_equal(one.host.header->totals.items, 2);
    assert_true(one.exists("b"));
    // It has one more, which nobody takes for older than the log says.
    Change absent = publication("a", "y", old_after(5000));
    absent.condition.kind = Condition::Kind::absent;
    assert_text(one.put(absent, 4990), "114.1");
    assert_text(one.put(absent, 20), "1:2");
    assert_true(one.exists("b")); // until the second is over
    (void)one.put(publication("c", ""), 1000);
    assert_false(one.exists("b"));
    assert_text(one.host.fault(), "");
}

void test_idle_topics_that_are_read(void** state)
{
    auto& one = state_of<OneHost>(state);
    const WorkerId worker = *one.host.store.workers.attach({1});
    (void)one.put(publication("a", "x", idle_after(5000)));
    Interest* interest = one.host.store.interests.add(worker, "a", 1).interest;
    const uint64_t first_second = one.last.ms / 1000;
    TouchEntry touch;
    touch.topics = {"a", "b"};
    (void)one.put(touch, 4000);
    (void)one.put(publication("c", ""), 4000);
    assert_true(one.exists("a"));
    // It being read no more touches nothing.
    const int64_t active = interest->topic->clock->active_ms;
    one.host.store.interests.drop(*interest);
    assert_true(one.exists("a"));
    interest = one.host.store.interests.add(worker, "a", 1).interest;
    assert_int_equal(interest->topic->clock->active_ms, active);
    (void)one.put(publication("c", ""), 3000);
    assert_true(one.last.ms / 1000 > first_second + 10);
    assert_false(one.exists("a"));
    Delivery delivery;
    Batch batch;
    assert_true(one.host.store.inboxes.read(worker, SIZE_MAX, delivery, batch));
    assert_text(batch_text(batch), "gone");
    assert_text(one.host.fault(), "");
}

void test_many_touches(void** state)
{
    auto& one = state_of<OneHost>(state);
    (void)one.put(publication("z", "x", idle_after(5000)));
    TouchEntry touch;
    touch.topics.assign(2 * kTouchedPerLock, "a");
    touch.topics.emplace_back("z");
    const LoggedEntry entry = one.entry(touch, 3000);
    assert_true(one.host.step(entry) == Applied::more);
    assert_true(one.host.step(entry) == Applied::more);
    assert_false(one.book().last == entry.id);
    assert_true(one.host.step(entry) == Applied::done);
    assert_true(one.book().last == entry.id);
    (void)one.put(publication("y", "x"), 3500);
    assert_true(one.exists("z"));
}

// All that may go has gone, and nothing else.
void test_too_little_memory(void** /*state*/)
{
    auto one = std::make_unique<OneHost>(400UL << 10);
    const std::string payload(2000, 'x');
    const auto publish = [&](const std::string& topic) {
        const std::string name = "t/" + topic;
        return one->host.apply(
            one->entry(publication(name, payload, keeping(3)), 1, {0, 5, 1}));
    };
    (void)one->put(publication("a", payload, keeping(5)));
    (void)one->put(publication("a", payload, keeping(5)));
    size_t topics = 0;
    Applied applied = Applied::done;
    std::string before;
    LoggedEntry entry;
    while (applied == Applied::done) {
        before = one->host.state();
        entry = one->entry(
            publication("t/" + std::to_string(topics++), payload, keeping(3)));
        applied = one->host.apply(entry);
        assert_true(topics < 1000);
    }
    assert_true(applied == Applied::stuck);
    assert_text(one->host.state(), before);
    assert_true(one->host.header->totals.evicted > 0);
    assert_null(one->host.header->age_head);
    assert_int_equal(one->host.answers.texts.size(), topics + 1);
    assert_text(one->host.fault(), "");
    // And again, whatever it is; but what makes it smaller is no matter.
    assert_true(one->host.apply(entry) == Applied::stuck);
    assert_true(publish("x") == Applied::stuck);
    (void)one->put(removal("a"));
    assert_true(publish("y") == Applied::done);
}

// The entry for which something has gone by its time is not there any more.
void test_an_entry_that_was_lost(void** state)
{
    auto& one = state_of<OneHost>(state);
    for (size_t i = 0; i < 200; i++) {
        (void)one.put(
            publication("t/" + std::to_string(i), "x", idle_after(1000)), 0);
    }
    LoggedEntry entry = one.entry(publication("a", "x"), 9000);
    assert_true(one.host.step(entry) == Applied::more);
    entry.id.ms--;
    assert_true(one.host.step(entry) == Applied::lost);
    entry.id.ms++;
    assert_true(one.host.apply(entry) == Applied::done);
}

void test_what_is_no_entry(void** state)
{
    auto& one = state_of<OneHost>(state);
    const std::string before = one.host.state();
    assert_true(one.host.apply(one.entry(publication("$events/x", "x"))) ==
                Applied::unreadable);
    LoggedEntry entry = one.entry(publication("a", "x"));
    entry.id.ms = UINT64_MAX;
    assert_true(one.host.apply(entry) == Applied::unreadable);
    assert_text(one.host.state(), before);
}

// They are this host's own, and take nothing from what all have in common.
void test_events(void** state)
{
    auto& one = state_of<OneHost>(state);
    EventRules rules;
    rules.publishes = Selector::parse("**");
    rules.policies[index_of(EventTopic::publishes)] = keeping(10);
    one.host.store.events.follow(rules);
    assert_text(one.put(publication("a", "x")), "1:1");
    assert_text(one.put(publication("b", "x")), "2:1");
    const Position newest =
        one.host.store.topics.newest(path_of(EventTopic::publishes));
    assert_int_equal(newest.seq, 2);
    assert_true(newest.epoch > kLocalEpochs);
    assert_int_equal(one.book().used_bytes, 2 * (160 + 2));
    TermEntry term;
    term.forced = true;
    (void)one.put(term);
    assert_text(one.put(publication("b", "x")), "3:2");
    assert_int_equal(
        one.host.store.topics.newest(path_of(EventTopic::publishes)).epoch,
        newest.epoch);
}

int make_host(void** state)
{
    return make_state<OneHost>(state);
}

int end_host(void** state)
{
    const std::string fault = state_of<OneHost>(state).host.fault();
    destroy_state<OneHost>(state);
    if (!fault.empty()) {
        std::fprintf(stderr, "the zone: %s\n", fault.c_str());
    }
    return fault.empty() ? 0 : -1;
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_host = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_host, end_host, nullptr};
    };
    const CMUnitTest tests[] = {
        of_host("test_publish_and_remove", test_publish_and_remove),
        of_host("test_what_was_applied_is_skipped",
                test_what_was_applied_is_skipped),
        of_host("test_duplicates", test_duplicates),
        of_host("test_terms", test_terms),
        of_host("test_keys", test_keys),
        of_host("test_room", test_room),
        of_host("test_time_is_that_of_the_log", test_time_is_that_of_the_log),
        of_host("test_idle_topics_that_are_read",
                test_idle_topics_that_are_read),
        of_host("test_many_touches", test_many_touches),
        cmocka_unit_test(test_too_little_memory),
        of_host("test_an_entry_that_was_lost", test_an_entry_that_was_lost),
        of_host("test_what_is_no_entry", test_what_is_no_entry),
        of_host("test_events", test_events),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
