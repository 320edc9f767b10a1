// Commands that an application behind nginx is asked about.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr Error kRefused{Errc::denied, "not allowed"};

struct Club {
    // Who may do all in the hall, and elsewhere what the application says.
    TestClient& connect(HookRules::Mode mode = HookRules::Mode::needed)
    {
        ClientOptions options;
        options.subscribe = options.publish = {"hall/*"};
        options.hooks.subscribe = options.hooks.publish = mode;
        options.hooks.again_ms = again_ms;
        options.hooks.max_pending = max_pending;
        options.application = &application;
        options.tokens = &tokens;
        options.user = "ann";
        return cluster.connect(options);
    }
    // Seconds pass.
    static void wait(Cluster& cluster, TestClient& peer, int64_t seconds)
    {
        cluster.first.clock.step += seconds * 1000;
        peer.client().standing().run_due();
        cluster.run();
    }

    FakeTokens tokens;
    FakeApplication application;
    int64_t again_ms = 0;
    size_t max_pending = 16;
    Cluster cluster;
};

Club& club(void** state)
{
    return state_of<Club>(state);
}

std::string command(int id, std::string_view op, std::string_view topic,
                    std::string_view more = {})
{
    return R"({"id":)" + std::to_string(id) + R"(,"op":")" + std::string(op) +
           R"(","topic":")" + std::string(topic) + '"' + std::string(more) +
           '}';
}

void what_is_allowed_is_not_asked(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "hall/1"));
    assert_text(ann.take(), R"({"id":1,"ok":{"topics":[],"recovered":true}})");
    assert_int_equal(it.application.log().size(), 0);
}

void an_allowed_subscription_is_made(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    TestClient& bob = it.cluster.connect();
    ann.say(command(1, "sub", "room/7"));
    assert_text(ann.take(), "");
    assert_text(it.application.log().at(0), "sub room/7");
    it.application.allow("sub room/7");
    ann.run();
    assert_text(ann.take(), R"({"id":1,"ok":{"topics":[],"recovered":true}})");
    bob.say(R"({"op":"pub","topic":"room/7","data":1})");
    it.cluster.run();
    assert_true(ann.take().find(R"("topic":"room/7")") != std::string::npos);
}

void a_refusal_is_told(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/7"));
    Verdict verdict;
    verdict.refusal = kRefused;
    verdict.message = "members only";
    it.application.answer("sub room/7", verdict);
    ann.run();
    assert_text(ann.take(),
                R"({"id":1,"error":{"code":103,"message":"members only"}})");
    assert_int_equal(ann.session().subscriptions(), 0);
}

void what_can_not_be_asked_is_not_done(void** state)
{
    Club& it = club(state);
    it.application.is_down = true;
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/7"));
    ann.run();
    assert_text(
        ann.take(),
        R"({"id":1,"error":{"code":115,"message":"can't be decided now"}})");
}

void always_may_refuse_what_is_allowed(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect(HookRules::Mode::always);
    ann.say(command(1, "sub", "hall/1"));
    assert_text(ann.take(), "");
    it.application.refuse("sub hall/1", kRefused);
    ann.run();
    assert_text(ann.take(),
                R"({"id":1,"error":{"code":103,"message":"not allowed"}})");
}

void always_asks_for_reads(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect(HookRules::Mode::always);
    for (const char* op : {"get", "who"}) {
        ann.say(command(1, op, "hall/1"));
        assert_text(ann.take(), "");
        it.application.allow(std::string(op) + " hall/1");
        ann.run();
        assert_true(ann.take().find("\"error\"") != std::string::npos);
    }
    ann.say(command(1, "get", "hall/*"));
    it.application.allow("get hall/*");
    ann.run();
    it.cluster.run();
    ann.run();
    assert_text(ann.take(), R"({"id":1,"ok":{"items":[],"more":false}})");
    ann.say(command(1, "history", "hall/1", R"(,"last":1)"));
    it.application.refuse("history hall/1", kRefused);
    ann.run();
    assert_text(ann.take(),
                R"({"id":1,"error":{"code":103,"message":"not allowed"}})");
}

void answers_come_in_order(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/1") + command(2, "sub", "hall/1") +
            command(3, "sub", "room/3") + command(4, "unsub", "room/1") +
            R"({"id":5,"op":"ping"})");
    assert_text(ann.take(), "");
    assert_int_equal(it.application.pending(), 2); // both at the same time
    it.application.refuse("sub room/3", kRefused);
    ann.run();
    assert_text(ann.take(), "");
    it.application.allow("sub room/1");
    ann.run();
    assert_text(ann.take(),
                R"({"id":1,"ok":{"topics":[],"recovered":true}})"
                "\n"
                R"({"id":2,"ok":{"topics":[],"recovered":true}})"
                "\n"
                R"({"id":3,"error":{"code":103,"message":"not allowed"}})"
                "\n"
                R"({"id":4,"ok":{}})"
                "\n"
                R"({"id":5,"op":"pong"})");
}

void so_many_wait_and_no_more(void** state)
{
    Club& it = club(state);
    it.max_pending = 2;
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/1") + command(2, "sub", "room/2") +
            command(3, "sub", "room/3") + command(4, "sub", "room/4"));
    assert_int_equal(it.application.log().size(), 2);
    assert_true(ann.client().effort().is_tired());
    it.application.allow("sub room/2");
    ann.run();
    assert_int_equal(it.application.log().size(), 2);
    it.application.allow("sub room/1");
    ann.run();
    assert_int_equal(it.application.log().size(), 4);
    it.application.allow("sub room/3");
    it.application.allow("sub room/4");
    ann.run();
    assert_false(ann.client().effort().is_tired());
    assert_int_equal(ann.session().subscriptions(), 4);
}

void a_payload_may_be_replaced(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    TestClient& bob = it.cluster.connect();
    bob.sub("room/7");
    bob.take();
    ann.say(command(1, "pub", "room/7", R"(,"data":{"word":"rude"})"));
    Verdict verdict;
    verdict.payload = {std::nullopt, {}, R"({"word":"***"})"};
    it.application.answer(R"(pub room/7 {"word":"rude"})", verdict);
    ann.run();
    assert_true(ann.take().find("\"ok\"") != std::string::npos);
    it.cluster.run();
    assert_true(bob.take().find(R"("data":{"word":"***"})") !=
                std::string::npos);
}

// Long texts do not lie in the command itself.
void the_payload_stays_while_it_waits(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    const std::string text(1000, 'x');
    for (const std::string& some : {std::string("y"), text}) {
        std::string said =
            command(1, "pub", "room/7", ",\"text\":\"" + some + "\"");
        ann.say(said);
        said.assign(said.size(), '-');
        it.application.allow("pub room/7 " + some);
        ann.run();
        ann.say(command(2, "get", "room/7"));
        it.application.allow("get room/7");
        ann.run();
        assert_true(ann.take().find(some) != std::string::npos);
    }
}

void what_is_reserved_stays_so(void** state)
{
    Club& it = club(state);
    for (const auto mode : {HookRules::Mode::needed, HookRules::Mode::always}) {
        TestClient& ann = it.connect(mode);
        ann.say(command(1, "pub", "$room", R"(,"data":1)"));
        ann.say(command(2, "sub", "$room"));
        assert_text(ann.take(),
                    R"({"id":1,"error":{"code":103,"message":"not allowed"}})"
                    "\n"
                    R"({"id":2,"error":{"code":103,"message":"not allowed"}})");
        assert_int_equal(it.application.log().size(), 0);
    }
}

// What is asked after it may be asked for somebody else.
void nothing_is_asked_before_a_token(void** state)
{
    Club& it = club(state);
    Rights rights;
    rights.permissions = {allowed({"room/*"}), nullptr};
    rights.user = "ann";
    it.tokens.rights.insert_or_assign("member", rights);
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/1") +
            R"({"id":2,"op":"auth","token":"member"})" +
            command(3, "sub", "room/3"));
    assert_int_equal(it.application.log().size(), 1);
    it.application.allow("sub room/1");
    ann.run();
    assert_int_equal(it.application.log().size(), 1);
    assert_int_equal(ann.session().subscriptions(), 2);
}

// A token whose rights are narrower ends subscriptions, but not one that the
// application has allowed.
void a_verdict_outlasts_a_token(void** state)
{
    Club& it = club(state);
    Rights rights;
    rights.user = "ann";
    it.tokens.rights.insert_or_assign("less", rights);
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/1") + command(2, "sub", "hall/1"));
    it.application.allow("sub room/1");
    ann.run();
    ann.say(R"({"id":3,"op":"auth","token":"less"})");
    it.cluster.run();
    ann.run();
    assert_int_equal(ann.session().subscriptions(), 1);
}

void who_leaves_waits_for_nothing(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    ann.say(command(1, "pub", "room/7", R"(,"data":1)"));
    assert_int_equal(it.application.pending(), 1);
    it.cluster.disconnect(ann);
    assert_int_equal(it.application.pending(), 0);
}

void a_closed_session_waits_for_nothing(void** state)
{
    Club& it = club(state);
    TestClient& ann = it.connect();
    ann.say(command(1, "pub", "room/7", R"(,"data":1)"));
    ann.protocol().stop();
    assert_int_equal(it.application.pending(), 0);
}

void a_subscription_is_asked_for_again(void** state)
{
    Club& it = club(state);
    it.again_ms = 10'000;
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/7"));
    it.application.allow("sub room/7");
    ann.run();
    ann.take();
    Club::wait(it.cluster, ann, 9);
    assert_int_equal(it.application.pending(), 0);
    Club::wait(it.cluster, ann, 1);
    it.application.allow("sub room/7");
    Club::wait(it.cluster, ann, 9);
    assert_int_equal(it.application.pending(), 0);
    Club::wait(it.cluster, ann, 1);
    it.application.refuse("sub room/7", kRefused);
    Club::wait(it.cluster, ann, 0);
    assert_text(ann.take(), R"({"op":"unsub","topic":"room/7","code":103,)"
                            R"("reason":"not allowed"})");
    assert_int_equal(ann.session().subscriptions(), 0);
}

void what_can_not_be_asked_again_stays(void** state)
{
    Club& it = club(state);
    it.again_ms = 10'000;
    TestClient& ann = it.connect();
    ann.say(command(1, "sub", "room/7"));
    it.application.allow("sub room/7");
    ann.run();
    it.application.is_down = true;
    Club::wait(it.cluster, ann, 10);
    assert_int_equal(it.application.log().size(), 2);
    Club::wait(it.cluster, ann, 1);
    assert_int_equal(it.application.log().size(), 3);
    Club::wait(it.cluster, ann, 1);
    assert_int_equal(it.application.log().size(), 3);
    it.application.is_down = false;
    Club::wait(it.cluster, ann, 1);
    it.application.refuse("sub room/7", kCantAsk);
    Club::wait(it.cluster, ann, 4);
    assert_true(it.application.is_pending("sub room/7"));
    assert_int_equal(ann.session().subscriptions(), 1);
    ann.say(command(2, "unsub", "room/7"));
    assert_int_equal(it.application.pending(), 0);
}

void plain_messages_wait_in_order(void** state)
{
    Club& it = club(state);
    TestClient& bob = it.cluster.connect();
    bob.sub("plain");
    bob.take();
    ClientOptions options;
    options.protocol = &kPlainProtocol;
    options.publish = {};
    options.subscribe = {};
    options.hooks.publish = HookRules::Mode::needed;
    options.application = &it.application;
    TestClient& ann = it.cluster.connect(options);
    ann.say("one");
    ann.say("two");
    it.application.allow("pub plain two");
    ann.run();
    Verdict verdict;
    verdict.payload = {PayloadKind::text, {}, "1"};
    it.application.answer("pub plain one", verdict);
    ann.run();
    it.cluster.run();
    const std::string got = bob.take();
    assert_true(got.find(R"("text":"1")") < got.find(R"("text":"two")"));
    ann.say("three");
    it.application.refuse("pub plain three", kRefused);
    ann.run();
    assert_int_equal(ann.close_code(), 1008);
}

void a_plain_message_that_can_not_be_asked_about_closes(void** state)
{
    Club& it = club(state);
    it.application.is_down = true;
    ClientOptions options;
    options.protocol = &kPlainProtocol;
    options.hooks.publish = HookRules::Mode::always;
    options.application = &it.application;
    TestClient& ann = it.cluster.connect(options);
    ann.say("one");
    ann.run();
    assert_int_equal(ann.close_code(), 1013);
}

void a_permit_lets_a_plain_endpoint_listen(void** state)
{
    Club& it = club(state);
    ClientOptions options;
    options.protocol = &kPlainProtocol;
    options.subscribe = {};
    options.hooks.subscribe = HookRules::Mode::always;
    options.application = &it.application;
    TestClient& deaf = it.cluster.connect(options);
    assert_int_equal(deaf.session().subscriptions(), 0);
    Permit permit;
    permit.of = Permit::Of::hook;
    permit.permissions.subscribe = allowed({"plain"});
    options.permit = permit;
    TestClient& ann = it.cluster.connect(options);
    assert_int_equal(ann.session().subscriptions(), 1);
}

int set_up(void** state)
{
    return make_state<Club>(state);
}

int tear_down(void** state)
{
    const int result = check_at_end(club(state).cluster);
    return destroy_state<Club>(state) + result;
}

} // namespace
} // namespace ws_pubsub

#define IN_CLUB(test)                                                          \
    cmocka_unit_test_setup_teardown(ws_pubsub::test, ws_pubsub::set_up,        \
                                    ws_pubsub::tear_down)

int main()
{
    const CMUnitTest tests[] = {
        IN_CLUB(what_is_allowed_is_not_asked),
        IN_CLUB(an_allowed_subscription_is_made),
        IN_CLUB(a_refusal_is_told),
        IN_CLUB(what_can_not_be_asked_is_not_done),
        IN_CLUB(always_may_refuse_what_is_allowed),
        IN_CLUB(always_asks_for_reads),
        IN_CLUB(answers_come_in_order),
        IN_CLUB(so_many_wait_and_no_more),
        IN_CLUB(a_payload_may_be_replaced),
        IN_CLUB(the_payload_stays_while_it_waits),
        IN_CLUB(what_is_reserved_stays_so),
        IN_CLUB(nothing_is_asked_before_a_token),
        IN_CLUB(a_verdict_outlasts_a_token),
        IN_CLUB(who_leaves_waits_for_nothing),
        IN_CLUB(a_closed_session_waits_for_nothing),
        IN_CLUB(a_subscription_is_asked_for_again),
        IN_CLUB(what_can_not_be_asked_again_stays),
        IN_CLUB(plain_messages_wait_in_order),
        IN_CLUB(a_plain_message_that_can_not_be_asked_about_closes),
        IN_CLUB(a_permit_lets_a_plain_endpoint_listen),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
