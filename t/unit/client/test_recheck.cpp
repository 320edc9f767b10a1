// Subscriptions of a client whose rights have changed.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kMany = 5000;
constexpr size_t kHallBytes = 64UL * 1024 * 1024;
// A step may end more than what is left of a turn.
constexpr size_t kMostEndsInATurn = kEndsPerTurn + 1;

struct Hall {
    Hall() { set("keep", {"keep/*"}); }

    void set(const char* token, const std::vector<const char*>& selectors,
             const char* identity = "ann")
    {
        Rights rights;
        rights.user = "ann";
        rights.identity = identity;
        rights.permissions.subscribe = allowed(selectors);
        tokens.rights[token] = rights;
    }
    ClientOptions of_ann()
    {
        ClientOptions options;
        options.user = options.identity = "ann";
        options.tokens = &tokens;
        options.limits.max_subscriptions = kMany;
        return options;
    }
    TestClient& connect_ann() { return cluster.connect(of_ann()); }
    // The token is taken, and no subscription was looked at yet.
    static void begin(TestClient& peer, std::string_view token)
    {
        assert_true(bool(peer.client().standing().authenticate(token)));
    }
    void finish(TestClient& peer)
    {
        peer.client().standing().settle();
        while (peer.client().effort().is_paused()) {
            cluster.first.broker.run();
        }
        peer.client().effort().begin_turn();
        cluster.run();
    }

    FakeTokens tokens;
    Cluster cluster{kHallBytes};
};

std::string name(const char* kind, size_t i)
{
    return kind + std::to_string(i);
}

size_t count(std::string_view text, std::string_view wanted)
{
    size_t found = 0;
    for (size_t at = text.find(wanted); at != std::string_view::npos;
         at = text.find(wanted, at + 1)) {
        found++;
    }
    return found;
}

// Half of them are to end, which takes many turns.
void subscribe_to_many(TestClient& peer)
{
    for (size_t i = 0; i < kMany / 2; i++) {
        peer.sub(name("drop/", i));
        peer.sub(name("keep/", i));
        peer.take();
    }
    assert_int_equal(peer.session().subscriptions(), kMany);
}

void test_many_end_in_turns(void** state)
{
    Hall& hall = state_of<Hall>(state);
    TestWorker& worker = hall.cluster.first;
    TestClient& ann = hall.connect_ann();
    subscribe_to_many(ann);
    worker.run();
    ann.take();

    ann.begin_to_say(R"({"id":1,"op":"auth","token":"keep"})"
                     R"({"id":2,"op":"ping"})");
    assert_true(ann.client().effort().is_paused());
    std::string got = ann.take_queued();
    assert_true(got.starts_with("{\"id\":1,\"ok\":{\"user\":\"ann\"}}\n"));
    size_t ended = count(got, R"({"op":"unsub","topic":"drop/)");
    assert_true(ended <= kMostEndsInATurn);
    size_t turns = 0;
    while (ann.client().effort().is_paused()) {
        // Those that are looked at last.
        hall.cluster.zone.put("drop/0", "secret");
        hall.cluster.zone.put("keep/0", "public");
        while (worker.broker.read_inbox()) {
        }
        worker.broker.run();
        turns++;
        got = ann.take_queued();
        assert_int_equal(count(got, "secret"), 0);
        assert_int_equal(count(got, "public"), 1);
        const size_t now = count(got, R"({"op":"unsub","topic":"drop/)");
        assert_true(now <= kMostEndsInATurn);
        assert_int_equal(count(got, "pong"), 0);
        ended += now;
    }
    assert_int_equal(ended, kMany / 2);
    assert_true(turns > kMany / 2 / kEndsPerTurn);
    ann.client().effort().begin_turn();
    ann.protocol().begin_turn();
    assert_text(ann.take(), R"({"id":2,"op":"pong"})");
    assert_int_equal(ann.session().subscriptions(), kMany / 2);
    for (size_t i = 0; i < kMany / 2; i++) {
        hall.cluster.zone.put(name("drop/", i), "secret");
        hall.cluster.zone.put(name("keep/", i), "public");
    }
    hall.cluster.run();
    got = ann.take();
    assert_int_equal(count(got, "secret"), 0);
    assert_int_equal(count(got, "public"), kMany / 2);
}

// One who gets no more does not keep the others' turns.
void test_ends_amid_it(void** state)
{
    Hall& hall = state_of<Hall>(state);
    TestClient& ann = hall.connect_ann();
    subscribe_to_many(ann);
    ann.begin_to_say(R"({"op":"auth","token":"keep"})");
    assert_true(ann.client().effort().is_paused());
    ann.client().close(EndCause::policy, "enough");
    hall.cluster.first.broker.run();
    assert_false(ann.client().effort().is_paused());
    const auto left = ann.session().subscriptions();
    assert_true(left > kMany / 2);
    assert_false(ann.client().membership().end_subscriptions());
    hall.cluster.first.broker.run();
    assert_int_equal(ann.session().subscriptions(), left - kEndsPerTurn);
    hall.cluster.disconnect(ann);

    TestClient& bob = hall.connect_ann();
    subscribe_to_many(bob);
    bob.begin_to_say(R"({"op":"auth","token":"keep"})");
    hall.cluster.disconnect(bob);
    hall.cluster.first.run();
}

void test_a_slow_reader_is_closed(void** state)
{
    Hall& hall = state_of<Hall>(state);
    ClientOptions options = hall.of_ann();
    options.limits.queue_bytes = kLeastQueueBytes;
    TestClient& ann = hall.cluster.connect(options);
    subscribe_to_many(ann);
    ann.begin_to_say(R"({"op":"auth","token":"keep"})");
    hall.cluster.first.run();
    assert_int_equal(ann.close_code(), 3008);
    assert_false(ann.client().effort().is_paused());
}

void test_nothing_that_is_forbidden(void** state)
{
    Hall& hall = state_of<Hall>(state);
    Zone& zone = hall.cluster.zone;
    TestClient& ann = hall.connect_ann();
    for (const char* topic : {"keep/1", "drop/1", "drop/*"}) {
        ann.sub(topic);
    }
    zone.put("keep/1", "a");
    zone.put("drop/1", "b");
    zone.put("drop/2", "c");
    hall.cluster.run();
    ann.take();

    Hall::begin(ann, "keep");
    zone.put("drop/1", "d");
    zone.put("drop/2", "e");
    zone.put("drop/3", "f");
    zone.put("keep/1", "g");
    assert_true(*zone.remove("drop/1"));
    hall.cluster.run();
    assert_text(ann.take(),
                R"({"op":"msg","topic":"keep/1","seq":2,"text":"g"})");
    hall.finish(ann);
    assert_text(ann.take(), R"({"op":"unsub","topic":"drop/1","code":103,)"
                            "\"reason\":\"not allowed\"}\n"
                            R"({"op":"unsub","topic":"drop/*","code":103,)"
                            R"("reason":"not allowed"})");
}

// What one of two subscriptions brought, the other one brings.
void test_the_other_subscription_goes_on(void** state)
{
    Hall& hall = state_of<Hall>(state);
    Zone& zone = hall.cluster.zone;
    TestClient& ann = hall.connect_ann();
    zone.put("keep/1", "a");
    ann.sub("**");
    ann.sub("keep/*", R"(,"rate":0.1)");
    ann.take();

    Hall::begin(ann, "keep");
    zone.put("keep/1", "b");
    hall.cluster.run();
    assert_text(ann.take(),
                R"({"op":"msg","topic":"keep/1","seq":2,"text":"b"})");
    hall.finish(ann);
    assert_text(ann.take(), R"({"op":"unsub","topic":"**","code":103,)"
                            R"("reason":"not allowed"})");
    zone.put("keep/1", "c");
    hall.cluster.run();
    assert_text(ann.take(), ""); // by its rate
    hall.cluster.first.clock.now += 10'000;
    hall.cluster.first.broker.run_due();
    hall.cluster.first.broker.resume(ann.session());
    assert_text(ann.take(),
                R"({"op":"msg","topic":"keep/1","seq":3,"text":"c"})");
}

// Those that were skipped are not sent any more.
void test_nothing_late(void** state)
{
    Hall& hall = state_of<Hall>(state);
    Zone& zone = hall.cluster.zone;
    TestClient& ann = hall.connect_ann();
    zone.put("keep/1", "a");
    zone.put("drop/1", "a");
    ann.sub("keep/1", R"(,"rate":1)");
    ann.sub("drop/1", R"(,"rate":1)");
    ann.take();
    zone.put("keep/1", "b");
    zone.put("drop/1", "b");
    hall.cluster.run();
    assert_text(ann.take(), "");
    hall.cluster.first.clock.now += 2'000;

    Hall::begin(ann, "keep");
    hall.cluster.first.broker.run_due();
    hall.cluster.first.broker.resume(ann.session());
    assert_text(ann.take(), "");
    hall.finish(ann);
    assert_text(ann.take(), R"({"op":"gap","topic":"drop/1","from":2,"to":2,)"
                            "\"cause\":\"conflated\"}\n"
                            R"({"op":"unsub","topic":"drop/1","code":103,)"
                            R"("reason":"not allowed"})");
    hall.cluster.first.broker.resume(ann.session());
    assert_text(ann.take(),
                R"({"op":"msg","topic":"keep/1","seq":2,"text":"b"})");
}

// What subscriptions start with waits until it is clear whether they stay.
void test_who_catches_up(void** state)
{
    Hall& hall = state_of<Hall>(state);
    Zone& zone = hall.cluster.zone;
    ClientOptions options = hall.of_ann();
    options.limits.queue_bytes = kLeastQueueBytes;
    TestClient& ann = hall.cluster.connect(options);
    const std::string large(1000, 'x');
    for (size_t i = 0; i < 8; i++) {
        zone.put(name("drop/", i), large);
        zone.put(name("keep/", i), large);
    }
    ann.sub("drop/*");
    ann.sub("keep/*");
    const std::string before = ann.take_queued();
    assert_true(count(before, "drop/") > 0);
    assert_true(ann.session().seat().is_catching_up());

    Hall::begin(ann, "keep");
    hall.cluster.first.broker.resume(ann.session());
    hall.cluster.first.broker.run();
    assert_text(ann.take_queued(), "");
    // It comes early.
    zone.put("keep/7", "new");
    hall.cluster.run();
    assert_int_equal(count(ann.take_queued(), "new"), 1);
    hall.finish(ann);
    const std::string after = ann.take();
    assert_int_equal(count(after, "drop/"), 1); // that it has ended
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(
            count(after, "\"msg\",\"topic\":\"" + name("keep/", i) + '"'), 1);
    }
    assert_false(ann.session().seat().is_catching_up());
}

std::string who(Hall& hall, const char* topic)
{
    std::string text;
    for (const std::string& one : hall.cluster.first.broker.who(topic).who) {
        text += text.empty() ? one : ' ' + one;
    }
    return text;
}

Policy with_presence()
{
    Policy policy;
    policy.presence = true;
    return policy;
}

void test_presence_follows_the_identity(void** state)
{
    Hall& hall = state_of<Hall>(state);
    hall.cluster.policies.add(*Selector::parse("*/*"), with_presence());
    TestClient& watcher = hall.cluster.connect(hall.cluster.second);
    TestClient& ann = hall.connect_ann();
    watcher.sub("keep/*");
    ann.sub("keep/1");
    ann.sub("drop/1");
    hall.cluster.run();
    watcher.take();
    ann.take();

    hall.set("as bob", {"keep/*"}, "bob");
    hall.set("as nobody", {"keep/*"}, "");
    Hall::begin(ann, "as bob");
    assert_text(who(hall, "keep/1"), "ann");
    hall.finish(ann);
    assert_text(who(hall, "keep/1"), "bob");
    assert_text(who(hall, "drop/1"), "");
    assert_text(watcher.take(),
                "{\"op\":\"leave\",\"topic\":\"keep/1\",\"who\":\"ann\"}\n"
                R"({"op":"join","topic":"keep/1","who":"bob"})");
    Hall::begin(ann, "as nobody");
    hall.finish(ann);
    assert_text(who(hall, "keep/1"), "");
    assert_text(watcher.take(),
                R"({"op":"leave","topic":"keep/1","who":"bob"})");
    Hall::begin(ann, "keep");
    hall.finish(ann);
    assert_text(watcher.take(),
                R"({"op":"join","topic":"keep/1","who":"ann"})");
    // The same again is no change.
    Hall::begin(ann, "keep");
    hall.finish(ann);
    assert_text(watcher.take(), "");
}

// Amid the change some are present by the one identity, some by the other.
void test_presence_at_an_end_amid_it(void** state)
{
    Hall& hall = state_of<Hall>(state);
    hall.cluster.policies.add(*Selector::parse("keep/*"), with_presence());
    hall.set("as bob", {"keep/*"}, "bob");
    TestClient& ann = hall.connect_ann();
    for (size_t i = 0; i < kMany; i++) {
        ann.sub(name("keep/", i));
        ann.take();
    }
    ann.begin_to_say(R"({"op":"auth","token":"as bob"})");
    assert_true(ann.client().effort().is_paused());
    assert_text(who(hall, "keep/0"), "ann");
    assert_text(who(hall, name("keep/", kMany - 1).c_str()), "bob");
    hall.cluster.disconnect(ann);
    for (size_t i = 0; i < kMany; i++) {
        assert_text(who(hall, name("keep/", i).c_str()), "");
    }
}

// It has no words for that.
void test_plain_sessions_are_closed(void** state)
{
    Hall& hall = state_of<Hall>(state);
    ClientOptions options = hall.of_ann();
    options.protocol = &kPlainProtocol;
    options.topic = "drop/1";
    TestClient& ann = hall.cluster.connect(options);
    Hall::begin(ann, "keep");
    hall.finish(ann);
    assert_int_equal(ann.close_code(), 1008);
    assert_int_equal(ann.session().subscriptions(), 0);
}

int make_hall(void** state)
{
    return make_state<Hall>(state);
}

int end_hall(void** state)
{
    const int result = check_at_end(state_of<Hall>(state).cluster);
    return destroy_state<Hall>(state) + result;
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_end_in_turns, make_hall,
                                        end_hall),
        cmocka_unit_test_setup_teardown(test_ends_amid_it, make_hall, end_hall),
        cmocka_unit_test_setup_teardown(test_a_slow_reader_is_closed, make_hall,
                                        end_hall),
        cmocka_unit_test_setup_teardown(test_nothing_that_is_forbidden,
                                        make_hall, end_hall),
        cmocka_unit_test_setup_teardown(test_the_other_subscription_goes_on,
                                        make_hall, end_hall),
        cmocka_unit_test_setup_teardown(test_nothing_late, make_hall, end_hall),
        cmocka_unit_test_setup_teardown(test_who_catches_up, make_hall,
                                        end_hall),
        cmocka_unit_test_setup_teardown(test_presence_follows_the_identity,
                                        make_hall, end_hall),
        cmocka_unit_test_setup_teardown(test_presence_at_an_end_amid_it,
                                        make_hall, end_hall),
        cmocka_unit_test_setup_teardown(test_plain_sessions_are_closed,
                                        make_hall, end_hall),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
