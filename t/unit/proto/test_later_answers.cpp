// Changes that others have to agree to first: their answers come later, in any
// order, or to nobody.
#include <string>

#include "client/control_order.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"
#include "support/fake_committer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

struct Hosts {
    TestClient& connect(const ClientOptions& options = {})
    {
        return cluster.connect(worker, options);
    }
    void apply(TestClient& client, size_t i = 0)
    {
        committer.apply(i);
        client.run();
    }

    Cluster cluster;
    FakeCommitter committer{cluster.zone.store->topics};
    TestWorker worker{cluster.zone, cluster.policies, &committer};
};

Hosts& hosts(void** state)
{
    return state_of<Hosts>(state);
}

int end_hosts(void** state)
{
    hosts(state).worker.run();
    const int result = check_at_end(hosts(state).cluster);
    return destroy_state<Hosts>(state) + result;
}

std::string pub(int id, std::string_view topic, std::string_view data)
{
    return R"({"id":)" + std::to_string(id) + R"(,"op":"pub","topic":")" +
           std::string(topic) + R"(","data":)" + std::string(data) + '}';
}

void answers_keep_order(void** state)
{
    Hosts& it = hosts(state);
    TestClient& client = it.connect();
    client.say(pub(1, "a", "1") + pub(2, "a", "2") + R"({"id":3,"op":"ping"})");
    client.say(pub(4, "a", "4"));
    assert_int_equal(it.committer.waiting(), 1);
    assert_text(client.take(), "");
    it.apply(client);
    const std::string first = client.take();
    assert_true(first.find(R"({"id":1,"ok":{)") == 0);
    assert_true(first.find('\n') == std::string::npos);
    assert_int_equal(it.committer.waiting(), 1);
    it.apply(client);
    const std::string second = client.take();
    assert_true(second.find(R"({"id":2,"ok":{)") == 0);
    assert_true(second.find(R"({"id":3,"op":"pong"})") != std::string::npos);
    assert_int_equal(it.committer.waiting(), 1);
    it.apply(client);
    assert_true(client.take().find(R"({"id":4,"ok":{)") == 0);
    assert_text(it.cluster.zone.read("a"), "3:4");
    client.say(R"({"id":5,"op":"ping"})"); // nothing waits any more
    assert_text(client.take(), R"({"id":5,"op":"pong"})");
}

void clients_do_not_wait_for_each_other(void** state)
{
    Hosts& it = hosts(state);
    TestClient& ann = it.connect();
    TestClient& bob = it.connect();
    ann.say(pub(1, "a", "1"));
    bob.say(pub(2, "a", "2"));
    assert_int_equal(it.committer.waiting(), 2);
    it.apply(bob, 1);
    assert_true(bob.take().find(R"({"id":2,"ok":{)") == 0);
    assert_text(ann.take(), "");
    it.apply(ann);
    assert_true(ann.take().find(R"({"id":1,"ok":{)") == 0);
    assert_text(it.cluster.zone.read("a"), "2:1");
}

void an_error_is_an_answer(void** state)
{
    Hosts& it = hosts(state);
    TestClient& client = it.connect();
    client.say(pub(1, "a", "1") + pub(2, "a", "2"));
    it.committer.refuse(0, kCantAsk);
    client.run();
    assert_text(
        client.take(),
        R"({"id":1,"error":{"code":115,"message":"can't be decided now"}})");
    it.apply(client);
    assert_true(client.take().find(R"({"id":2,"ok":{)") == 0);
}

void no_more_than_may_wait(void** state)
{
    Hosts& it = hosts(state);
    ClientOptions options;
    options.hooks.max_pending = 3;
    TestClient& client = it.connect(options);
    client.say(pub(1, "a", "1") + pub(2, "a", "2"));
    assert_false(client.client().effort().is_full());
    client.say(pub(3, "a", "3") + pub(4, "a", "4"));
    assert_true(client.client().effort().is_full());
    assert_int_equal(it.committer.waiting(), 1);
    for (int id = 1; id <= 4; id++) {
        it.apply(client);
        assert_true(client.take().find("{\"id\":" + std::to_string(id)) == 0);
    }
    assert_false(client.client().effort().is_full());
    assert_int_equal(it.committer.waiting(), 0);
}

void who_has_left_is_not_told(void** state)
{
    Hosts& it = hosts(state);
    TestClient& gone = it.connect();
    TestClient& closed = it.connect();
    gone.say(pub(1, "a", "1"));
    closed.say(pub(2, "a", "2") + pub(3, "a", "3"));
    it.cluster.disconnect(gone);
    closed.client().close(EndCause::going_away, "");
    closed.protocol().stop();
    assert_false(it.committer.is_wanted(0));
    assert_false(it.committer.is_wanted(1));
    it.committer.apply();
    it.committer.apply();
    closed.run();
    assert_text(closed.take(), "");
    assert_int_equal(it.committer.waiting(), 0);
    assert_text(it.cluster.zone.read("a"), "2:2"); // what was sent, happens
}

// Its queue takes no more than the answer.
void an_answer_may_end_the_session(void** state)
{
    Hosts& it = hosts(state);
    ClientOptions options;
    options.limits.queue_bytes = 16;
    TestClient& client = it.connect(options);
    client.say(R"({"op":"ping"})" + pub(1, "a", "1") + pub(2, "a", "2"));
    client.transport().on_close = [&] {
        client.protocol().stop();
    };
    it.committer.apply();
    assert_true(client.closed());
    client.run();
    assert_int_equal(it.committer.waiting(), 0);
}

void after_a_hook(void** state)
{
    Hosts& it = hosts(state);
    FakeApplication application;
    ClientOptions options;
    options.hooks.publish = HookRules::Mode::always;
    options.application = &application;
    {
        TestClient& client = it.connect(options);
        client.say(pub(1, "a", "1") + pub(2, "a", "2") +
                   R"({"id":3,"op":"ping"})");
        application.allow("pub a 2");
        application.allow("pub a 1");
        client.run();
        assert_int_equal(it.committer.waiting(), 1);
        assert_int_equal(application.log().size(), 2);
        it.apply(client);
        assert_int_equal(application.log().size(), 2); // not asked again
        it.apply(client);
        const std::string answers = client.take();
        assert_true(answers.find(R"({"id":1,"ok")") == 0);
        assert_true(answers.find(R"({"id":2,"ok")") <
                    answers.find(R"({"id":3,"op":"pong"})"));
        it.cluster.disconnect(client);
    }
}

void plain_messages_keep_order(void** state)
{
    Hosts& it = hosts(state);
    ClientOptions options;
    options.protocol = &kPlainProtocol;
    options.topic = "p";
    TestClient& client = it.connect(options);
    for (const char* text : {"1", "2", "3"}) {
        client.say(text);
    }
    assert_int_equal(it.committer.waiting(), 1);
    it.apply(client);
    it.apply(client);
    assert_text(it.cluster.zone.read("p"), "2:2");
    it.committer.refuse(0, kCantAsk);
    assert_true(client.closed());
    assert_text(client.transport().close_reason, kCantAsk.message);
}

// What was said of one message does not count for those behind it.
void plain_messages_are_each_asked_about(void** state)
{
    Hosts& it = hosts(state);
    FakeApplication application;
    ClientOptions options;
    options.protocol = &kPlainProtocol;
    options.topic = "p";
    options.hooks.publish = HookRules::Mode::always;
    options.application = &application;
    TestClient& client = it.connect(options);
    client.say("1");
    client.say("2");
    application.allow("pub p 1");
    client.run();
    client.say("3");
    assert_int_equal(application.log().size(), 3);
    assert_int_equal(it.committer.waiting(), 1);
    it.apply(client);
    assert_int_equal(it.committer.waiting(), 0);
    application.allow("pub p 3");
    application.allow("pub p 2");
    client.run();
    it.apply(client);
    it.apply(client);
    assert_text(it.cluster.zone.read("p"), "3:3");
    it.cluster.disconnect(client);
}

// Another value came first: it is patched anew.
void a_patch_that_lost(void** state)
{
    Hosts& it = hosts(state);
    Change value = Zone::publication("a", R"({"n":1})");
    value.kind = PayloadKind::json;
    value.policy.retain = true;
    it.cluster.policies.add(*Selector::parse("**"), value.policy);
    assert_true(bool(it.cluster.zone.store->topics.publish(value)));
    TestClient& client = it.connect();
    client.say(
        R"({"id":1,"op":"pub","topic":"a","patch":{"mine":true},"key":"k"})");
    value.payload = R"({"n":2})";
    assert_true(bool(it.cluster.zone.store->topics.publish(value)));
    it.apply(client);
    assert_text(client.take(), "");
    assert_int_equal(it.committer.waiting(), 1);
    it.apply(client);
    assert_true(client.take().find(R"({"id":1,"ok":{)") == 0);
    assert_text(it.cluster.zone.read("a"), R"(3:{"n":2,"mine":true})");
}

// Nobody can be kept from publishing: it gives up.
void a_patch_that_loses_always(void** state)
{
    Hosts& it = hosts(state);
    Change value = Zone::publication("a", R"({"n":1})");
    value.kind = PayloadKind::json;
    value.policy.retain = true;
    it.cluster.policies.add(*Selector::parse("**"), value.policy);
    assert_true(bool(it.cluster.zone.store->topics.publish(value)));
    TestClient& client = it.connect();
    client.say(R"({"id":1,"op":"pub","topic":"a","patch":{"mine":true}})");
    size_t tries = 0;
    for (; it.committer.waiting() > 0; tries++) {
        assert_true(bool(it.cluster.zone.store->topics.publish(value)));
        it.apply(client);
    }
    assert_int_equal(tries, kMaxPatchRaces);
    assert_true(client.take().find(R"({"id":1,"error":{"code":114)") == 0);
}

// Who has published is told also of a patch that began anew.
void the_author_of_a_patch_that_lost(void** state)
{
    Hosts& it = hosts(state);
    EventRules rules;
    rules.publishes = Selector::parse("**");
    for (Policy& policy : rules.policies) {
        policy.history = 10;
    }
    it.cluster.zone.store->events.follow(rules);
    it.worker.store.events.follow(rules);
    Change value = Zone::publication("a", R"({"n":1})");
    value.kind = PayloadKind::json;
    value.policy.retain = true;
    it.cluster.policies.add(*Selector::parse("**"), value.policy);
    assert_true(bool(it.cluster.zone.store->topics.publish(value)));
    TestClient& client = it.connect();
    client.say(R"({"id":1,"op":"pub","topic":"a","patch":{"mine":true}})");
    value.payload = R"({"n":2})";
    assert_true(bool(it.cluster.zone.store->topics.publish(value)));
    it.apply(client);
    assert_int_equal(it.committer.waiting(), 1);
    it.apply(client);
    const std::string told = it.cluster.zone.read("$events/publishes");
    const std::string session =
        R"("session":")" + session_id_text(client.client().id()) + '"';
    assert_true(told.find(session) != std::string::npos);
}

void a_removal(void** state)
{
    Hosts& it = hosts(state);
    it.cluster.zone.put("a", "1");
    const Publisher& publisher = it.worker.broker.publisher();
    Outcome outcome = publisher.remove("a", kTestNowMs, {});
    assert_true(outcome.is_pending());
    const auto pending = outcome.take_pending();
    uint64_t removed = 0;
    pending->then(
        [&](const Result<ChangeAnswer>& answer) { removed = answer->at.seq; });
    it.committer.apply();
    assert_int_equal(removed, 1);
    assert_false(it.cluster.zone.exists("a"));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
#define HOSTS_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, make_state<Hosts>, end_hosts)
    const CMUnitTest tests[] = {
        HOSTS_TEST(answers_keep_order),
        HOSTS_TEST(clients_do_not_wait_for_each_other),
        HOSTS_TEST(an_error_is_an_answer),
        HOSTS_TEST(no_more_than_may_wait),
        HOSTS_TEST(who_has_left_is_not_told),
        HOSTS_TEST(an_answer_may_end_the_session),
        HOSTS_TEST(after_a_hook),
        HOSTS_TEST(plain_messages_keep_order),
        HOSTS_TEST(plain_messages_are_each_asked_about),
        HOSTS_TEST(a_patch_that_lost),
        HOSTS_TEST(a_patch_that_loses_always),
        HOSTS_TEST(the_author_of_a_patch_that_lost),
        HOSTS_TEST(a_removal),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
