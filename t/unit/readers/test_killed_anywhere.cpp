// A worker that is killed before each single instruction of a change: the next
// one to take the lock finds all of the change or nothing of it.
//
// One process makes the change, step by step as in a debugger. Wherever a step
// has changed the zone, this one looks at it as if the other were dead by then,
// and puts everything back before the next step.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/check_heap.hpp"
#include "support/shared_memory.hpp"
#include "support/stepper.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Of which each step has to look at all.
constexpr size_t kArenaBytes = 256UL * 1024;
constexpr size_t kTablesFor = 8UL * 1024; // so many bytes of zone

// Two workers, of which both want to know of all that is below a/.
struct Shared {
    Shared()
        : memory(kArenaBytes),
          header(Store::create(memory, kTablesFor, {1, 2}, FakeClock())),
          store(memory, waker, *header, clock)
    {
        keep_nothing(*header);
        for (WorkerId& worker : workers) {
            worker = *store.workers.attach({++pids});
            store.selectors.set_sessions(
                *store.selectors.add(worker, *Selector::parse("a/*")), 1);
        }
    }

    // What anybody can see of the zone.
    std::string view()
    {
        std::string text;
        std::vector<TopicRow> rows;
        for (const char* selector : {"**", "$events/**"}) {
            store.topics.list(*Selector::parse(selector), "", 1000, rows);
        }
        for (const TopicRow& row : rows) {
            ReadFrom last;
            last.kind = ReadFrom::Kind::last;
            last.last = 1000;
            Batch batch;
            store.topics.read(row.path, last, {}, batch);
            const size_t people = store.presence.who(row.path, 10).who.size();
            text += row.path + '=' + std::to_string(row.newest.seq) + ' ' +
                    batch_text(batch) + ' ' + std::to_string(people) + '\n';
        }
        return text;
    }
    // The other worker ends, too, and all that can go goes.
    void clear()
    {
        store.workers.reap_dead(
            [](const ProcessId& /*process*/) { return false; });
        std::vector<TopicRow> rows;
        for (const char* selector : {"**", "$events/**"}) {
            store.topics.list(*Selector::parse(selector), "", 1000, rows);
        }
        for (const TopicRow& row : rows) {
            (void)store.topics.remove(row.path, clock.now);
        }
        while (store.expire(clock.now + 10'000'000)) {
        }
    }
    std::string fault() { return fault_of(*header, memory.heap()); }

    SharedMemory memory;
    RecordingWaker waker;
    FakeClock clock;
    ZoneHeader* header;
    Store store;
    WorkerId workers[2];
    int32_t pids = 0;
};

// Makes a change, and dies at each place in it. What is seen of the zone goes
// through so many states, the first and the last included. In more than so many
// places something is to be undone.
template <class Change>
void die_anywhere(Shared& shared, size_t states, Change&& change,
                  size_t undone = 10)
{
    const std::span<char> zone = shared.memory.bytes();
    std::vector<char> copy(zone.begin(), zone.end());
    std::string seen = shared.view();
    size_t changes = 0;
    size_t repairs = 0;
    Stepper stepper(change);
    if (!stepper.is_allowed()) {
        return skip();
    }
    for (;;) {
        const bool more = stepper.step();
        if (std::memcmp(copy.data(), zone.data(), zone.size()) != 0) {
            std::copy(zone.begin(), zone.end(), copy.begin());
            const uint64_t repaired = shared.header->repairs;
            shared.memory.force_unlock(stepper.pid());
            const std::string now = shared.view();
            assert_text(shared.fault(), "");
            shared.clear();
            assert_text(shared.fault(), "");
            repairs += shared.header->repairs - repaired;
            if (now != seen) {
                changes++;
                seen = now;
            }
            std::copy(copy.begin(), copy.end(), zone.begin());
        }
        if (!more) {
            break;
        }
    }
    assert_int_equal(changes + 1, states);
    assert_true(repairs > undone);
    assert_text(shared.fault(), "");
}

Change publication(std::string_view topic, std::string_view payload,
                   uint32_t history = 0)
{
    Policy policy = keeping(history);
    policy.ttl_ms = policy.idle_ms = 1'000'000;
    return Zone::publication(topic, payload, policy);
}

void test_publish(void** state)
{
    auto& shared = state_of<Shared>(state);
    Change first = publication("a/1", "first");
    first.idempotency_key = "key";
    die_anywhere(shared, 2, [&] { (void)shared.store.topics.publish(first); });
    const std::string large(3000, 'x');
    for (const std::string_view value : {"second", large.c_str(), "third"}) {
        die_anywhere(shared, 2, [&] {
            (void)shared.store.topics.publish(publication("a/1", value, 1));
        });
    }
}

void test_publish_in_a_new_term(void** state)
{
    auto& shared = state_of<Shared>(state);
    (void)shared.store.topics.publish(publication("a/1", "1", 5));
    for (size_t i = 0; i < kMaxForkPoints + 1; i++) {
        shared.store.topics.begin_term(1000);
        die_anywhere(shared, 2, [&] {
            (void)shared.store.topics.publish(publication("a/1", "2", 5));
        });
        (void)shared.store.topics.publish(publication("a/1", "2", 5));
    }
    const Topic& topic = *shared.header->workers[0].interests->topic;
    assert_int_equal(topic.forks->count, kMaxForkPoints);
}

// The steps of what makes room are seen, too.
void test_publish_into_a_full_zone(void** state)
{
    auto& shared = state_of<Shared>(state);
    const std::string payload(300, 'x');
    const auto publish = [&](std::string_view topic, size_t bytes) {
        return shared.store.topics.publish(publication(
            topic, std::string_view(payload).substr(0, bytes), 1000));
    };
    for (size_t n = 0; shared.header->totals.evicted == 0; n++) {
        assert_true(bool(publish(n % 3 == 0 ? "b" : "c", n % 300)));
    }
    while (shared.memory.free_bytes() > 300) {
        assert_true(bool(publish("c", 0)));
    }
    // Four at a time.
    die_anywhere(shared, 4 + 2, [&] { (void)publish("d", 300); });
}

// By way of the spare block: there is no other that is large enough.
void test_replace_in_a_full_zone(void** state)
{
    auto& shared = state_of<Shared>(state);
    ZoneHeader& header = *shared.header;
    {
        Transaction tx(shared.memory, header);
        tx.release(header.spare);
        tx.set(header.spare_bytes, uint64_t{500});
        tx.set(header.spare, tx.allocate(header.spare_bytes));
    }
    const std::string payload(300, 'x');
    const auto publish = [&](std::string_view topic, size_t bytes) {
        return shared.store.topics.publish(
            publication(topic, std::string_view(payload).substr(0, bytes)));
    };
    (void)publish("a/1", 300);
    for (size_t n = 0; publish("c/" + std::to_string(n), 0); n++) {
    }
    Topic& topic = *header.workers[0].interests->topic;
    assert_text(topic.path(), "a/1");
    const void* spare = header.spare;
    die_anywhere(shared, 2, [&] { (void)publish("a/1", 290); });
    assert_int_equal(topic.seq, 2);
    assert_true(header.spare != nullptr && header.spare == spare);
    assert_ptr_not_equal(topic.tail, spare);
}

void test_remove(void** state)
{
    auto& shared = state_of<Shared>(state);
    for (const char* value : {"1", "2", "3"}) {
        (void)shared.store.topics.publish(publication("a/1", value, 5));
        (void)shared.store.topics.publish(publication("b/1", value, 5));
    }
    die_anywhere(shared, 2,
                 [&] { (void)shared.store.topics.remove("a/1", kTestNowMs); });
    die_anywhere(shared, 2,
                 [&] { (void)shared.store.topics.remove("b/1", kTestNowMs); });
}

void test_readers(void** state)
{
    auto& shared = state_of<Shared>(state);
    const WorkerId worker = shared.workers[0];
    (void)shared.store.topics.publish(publication("b", "1"));
    die_anywhere(shared, 1,
                 [&] { (void)shared.store.interests.add(worker, "b", 1); });
    Interest& interest = *shared.store.interests.add(worker, "b", 1).interest;
    die_anywhere(shared, 2,
                 [&] { (void)shared.store.presence.join(interest, "me"); });
    (void)shared.store.topics.publish(publication("b", "2"));
    die_anywhere(shared, 1, [&] {
        Delivery delivery;
        Batch batch;
        (void)shared.store.inboxes.read(worker, SIZE_MAX, delivery, batch);
    });
    die_anywhere(shared, 2,
                 [&] { shared.store.presence.leave(interest, "me"); });
    die_anywhere(shared, 1, [&] { shared.store.interests.drop(interest); });
}

void test_end_of_a_worker(void** state)
{
    auto& shared = state_of<Shared>(state);
    const WorkerId worker = shared.workers[0];
    Interest& interest = *shared.store.interests.add(worker, "b", 1).interest;
    assert_true(shared.store.presence.join(interest, "me"));
    (void)shared.store.topics.publish(publication("b", "1"));
    (void)shared.store.topics.publish(publication("a/1", "1"));
    Interest& other = *shared.store.interests.add(worker, "c", 1).interest;
    assert_true(shared.store.presence.join(other, "me"));
    shared.store.presence.leave(other, "me");
    (void)shared.store.topics.publish(publication("c", "1"));
    die_anywhere(shared, 1, [&] { shared.store.workers.detach(worker); });
    shared.clock.now += 2'000'000;
    die_anywhere(shared, 4,
                 [&] { (void)shared.store.expire(shared.clock.now); });
}

void test_orders(void** state)
{
    auto& shared = state_of<Shared>(state);
    Orders& orders = shared.store.orders;
    const auto place = [&] {
        (void)orders.place(shared.workers[0], OrderKind::close, "all",
                           kOrderMs);
    };
    die_anywhere(shared, 1, place);
    const OrderToRead order = orders.read(shared.workers[1]);
    assert_text(order.argument, "all");
    for (const std::string_view text : {"one", "two"}) {
        die_anywhere(shared, 1, [&] {
            (void)orders.answer(shared.workers[1], order, text);
        });
    }
    // The last to read it frees it.
    die_anywhere(shared, 1, [&] { (void)orders.read(shared.workers[0]); });
    assert_null(shared.header->orders.head);
    die_anywhere(shared, 1,
                 [&] { (void)orders.take_answers(shared.workers[0]); });
    place();
    place();
    shared.clock.now += kOrderMs;
    die_anywhere(shared, 1,
                 [&] { (void)shared.store.expire(shared.clock.now); });
    assert_int_equal(shared.header->orders.lost, 3);
    place();
    (void)orders.answer(shared.workers[1], orders.read(shared.workers[1]), "x");
    die_anywhere(shared, 1,
                 [&] { shared.store.workers.detach(shared.workers[0]); });
}

void test_revocations(void** state)
{
    auto& shared = state_of<Shared>(state);
    Revocations& revocations = shared.store.revocations;
    const Revocation ann{Revocation::Of::user, "ann", shared.clock.now};
    const auto revoke = [&] {
        (void)revocations.put(ann, kOrderMs);
    };
    die_anywhere(shared, 1, revoke);
    die_anywhere(shared, 1, revoke, 2); // which is there
    die_anywhere(
        shared, 1, [&] { (void)revocations.remove(ann.of, ann.text); }, 2);
    assert_int_equal(shared.header->revocations.count, 0);
    revoke();
    shared.clock.now += kOrderMs;
    for (size_t i = 0; i < kRevocationBuckets; i++) {
        (void)shared.store.expire(shared.clock.now);
    }
    assert_int_equal(shared.header->revocations.count, 0);
}

// What happens and what is told of it are one change.
void test_events(void** state)
{
    auto& shared = state_of<Shared>(state);
    EventRules rules;
    rules.sessions = true;
    rules.topics = rules.publishes = Selector::parse("**");
    rules.policies[index_of(EventTopic::publishes)] = keeping(1);
    shared.store.events.follow(rules);
    SessionRecords& sessions = shared.store.sessions;
    const WorkerId worker = shared.workers[0];
    die_anywhere(shared, 2, [&] { sessions.open(worker, "\"id\":1"); });
    SessionRecord* session = sessions.open(worker, "\"id\":2");
    die_anywhere(shared, 2, [&] { sessions.close(session, 1000, {}); });
    for (const std::string_view topic : {"a/1", "b", "b", "b"}) {
        die_anywhere(shared, 2, [&] {
            (void)shared.store.topics.publish(publication(topic, "x"));
        });
    }
    Interest& interest = *shared.store.interests.add(worker, "b", 1).interest;
    SubscriberCount count{&interest, 1};
    const auto set = [&] {
        shared.store.interests.set_subscribers({&count, 1});
    };
    die_anywhere(shared, 2, set);
    count.sessions = 0;
    die_anywhere(shared, 1, set);
    count.sessions = 1;
    die_anywhere(shared, 1, set);
    die_anywhere(shared, 1, [&] { shared.store.interests.drop(interest); });
    shared.clock.now += kPresenceGraceMs;
    die_anywhere(shared, 2,
                 [&] { (void)shared.store.expire(shared.clock.now); });
    for (const std::string_view about : {"\"id\":3", "\"id\":4"}) {
        sessions.open(worker, about);
    }
    // The first that was opened has no end yet, either.
    die_anywhere(shared, 3 + 1, [&] { shared.store.workers.detach(worker); });
}

void test_courier(void** state)
{
    auto& shared = state_of<Shared>(state);
    EventRules rules;
    rules.sessions = true;
    shared.store.events.follow(rules);
    Courier& courier = shared.store.courier;
    const WorkerId worker = shared.workers[0];
    die_anywhere(
        shared, 1, [&] { (void)courier.lead(worker); }, 5);
    die_anywhere(
        shared, 1, [&] { courier.take_news(); }, 0);
    assert_true(courier.lead(worker));
    die_anywhere(shared, 2,
                 [&] { shared.store.sessions.open(worker, "\"id\":1"); });
    Parcel parcel;
    assert_true(courier.read(EventTopic::sessions, {}, parcel));
    die_anywhere(
        shared, 1, [&] { (void)courier.take(EventTopic::sessions, parcel); },
        5);
    assert_false(courier.take(EventTopic::sessions, parcel));
    die_anywhere(
        shared, 1, [&] { courier.note_failure(); }, 0);
    die_anywhere(
        shared, 1, [&] { courier.give_up(worker); }, 0);
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
        of_shared("test_publish", test_publish),
        of_shared("test_publish_in_a_new_term", test_publish_in_a_new_term),
        of_shared("test_publish_into_a_full_zone",
                  test_publish_into_a_full_zone),
        of_shared("test_replace_in_a_full_zone", test_replace_in_a_full_zone),
        of_shared("test_remove", test_remove),
        of_shared("test_readers", test_readers),
        of_shared("test_end_of_a_worker", test_end_of_a_worker),
        of_shared("test_orders", test_orders),
        of_shared("test_revocations", test_revocations),
        of_shared("test_events", test_events),
        of_shared("test_courier", test_courier),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
