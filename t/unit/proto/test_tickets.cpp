// Tickets: what a command may do beyond the client's rights.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint32_t kNowS = kTestNowMs / 1000;
constexpr size_t kMany = 1000;
constexpr size_t kTheatreBytes = 16UL * 1024 * 1024;

constexpr std::string_view kNotAllowed =
    R"({"id":1,"error":{"code":103,"message":"not allowed"}})";

struct Theatre {
    Theatre()
    {
        set("stalls", "seat/*");
        set("box", "seat/7", "ann");
        set("bob's", "seat/7", "bob");
        set("stage", "seat/*", "", true);
        set("matinee", "seat/*", "", false, kNowS + 10);
        tokens.faults.emplace("old",
                              Error{Errc::expired, "the ticket has expired"});
    }
    void set(const char* ticket, const char* selector, const char* user = "",
             bool may_publish = false, uint32_t end_s = 0)
    {
        tokens.tickets.insert_or_assign(
            ticket,
            Ticket{*Selector::parse(selector), user, may_publish, end_s,
                   TokenMark{TokenMark::number_of(ticket), kTestNowMs}});
    }
    // Who may do little without a ticket.
    TestClient& connect_ann()
    {
        ClientOptions options;
        options.subscribe = options.publish = {"hall/*"};
        options.user = options.identity = "ann";
        options.tokens = &tokens;
        options.limits.max_subscriptions = kMany;
        return cluster.connect(options);
    }
    // Seconds pass.
    void wait(int64_t seconds) { cluster.first.clock.step += seconds * 1000; }

    FakeTokens tokens;
    Cluster cluster{kTheatreBytes};
};

// The reply to a command with the id 1.
std::string ask(TestClient& peer, std::string_view op, std::string_view topic,
                std::string_view more = {})
{
    peer.say(R"({"id":1,"op":")" + std::string(op) + R"(","topic":")" +
             std::string(topic) + '"' + std::string(more) + '}');
    return peer.take();
}

std::string with(std::string_view ticket)
{
    return R"(,"ticket":")" + std::string(ticket) + '"';
}

bool is_ok(std::string_view reply)
{
    return reply.starts_with(R"({"id":1,"ok":)");
}

void test_reads_what_it_is_for(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    theatre.cluster.policies.add(*Selector::parse("seat/7"), [] {
        Policy policy;
        policy.presence = true;
        return policy;
    }());
    theatre.cluster.zone.put("seat/7", "a");
    TestClient& ann = theatre.connect_ann();
    const std::string last = R"(,"last":1)"; // for history
    const std::string stalls = last + with("stalls");
    assert_true(is_ok(ask(ann, "get", "seat/7", stalls)));
    assert_true(is_ok(ask(ann, "get", "seat/*", stalls)));
    assert_true(is_ok(ask(ann, "history", "seat/7", stalls)));
    assert_true(is_ok(ask(ann, "who", "seat/7", stalls)));
    assert_true(is_ok(ask(ann, "sub", "seat/*", stalls)));
    assert_true(is_ok(ask(ann, "sub", "seat/7", with("box"))));
    // And what needs none goes on.
    assert_true(is_ok(ask(ann, "sub", "hall/1", stalls)));
    // Each for one command only.
    for (const char* op : {"get", "history", "who", "sub"}) {
        assert_text(ask(ann, op, "seat/8", last), kNotAllowed);
        assert_text(ask(ann, op, "hall/1/2", stalls), kNotAllowed);
    }
}

void test_refused(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    TestClient& ann = theatre.connect_ann();
    assert_text(ask(ann, "sub", "hall/1", with("forged")), kNotAllowed);
    assert_text(ask(ann, "sub", "hall/1", with("bob's")),
                R"({"id":1,"error":{"code":103,)"
                R"("message":"the ticket is another user's"}})");
    assert_text(ask(ann, "sub", "hall/1", with("old")),
                R"({"id":1,"error":{"code":109,)"
                R"("message":"the ticket has expired"}})");
    assert_text(ask(ann, "get", "hall/1", R"(,"ticket":1)"),
                R"({"id":1,"error":{"code":107,)"
                R"("message":"ticket must be a string"}})");
    assert_int_equal(ann.session().subscriptions(), 0);
    TestClient& other = theatre.cluster.connect();
    for (const char* op : {"get", "auth"}) {
        assert_text(ask(other, op, "hall/1", with("stalls")),
                    R"({"id":1,"error":{"code":107,)"
                    R"("message":"no tokens are taken here"}})");
    }
}

void test_publishes_only_where_it_says_so(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    TestClient& ann = theatre.connect_ann();
    const std::string one = R"(,"data":1)";
    assert_text(ask(ann, "pub", "seat/7", one + with("stalls")), kNotAllowed);
    assert_text(ask(ann, "pub", "seat/7", one + with("stage")),
                R"({"id":1,"ok":{"epoch":"0","seq":1}})");
    assert_text(ask(ann, "pub", "seat/7", one), kNotAllowed);
    assert_text(ask(ann, "pub", "hall/1", one + with("stalls")),
                R"({"id":1,"ok":{"epoch":"1","seq":1}})");
}

void test_subscription_ends_with_it(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    TestClient& ann = theatre.connect_ann();
    ask(ann, "sub", "seat/7", with("matinee"));
    ask(ann, "sub", "seat/8", with("stalls"));
    ask(ann, "sub", "hall/1");
    assert_int_equal(ann.client().standing().due_left_ms(), 10'000);
    assert_int_equal(ann.transport().due_changes, 2);
    theatre.wait(9);
    assert_false(ann.client().standing().run_due());
    theatre.cluster.zone.put("seat/7", "a");
    theatre.cluster.run();
    assert_true(ann.take().find("\"a\"") != std::string::npos);
    theatre.wait(1);
    assert_false(ann.client().standing().run_due());
    assert_text(ann.take(), R"({"op":"unsub","topic":"seat/7","code":109,)"
                            R"("reason":"the ticket has expired"})");
    assert_true(ann.client().standing().due_left_ms() == Credentials::kNever);
    theatre.cluster.zone.put("seat/7", "b");
    theatre.cluster.run();
    assert_text(ann.take(), "");
    assert_int_equal(ann.session().subscriptions(), 2);
    assert_text(ask(ann, "unsub", "seat/7"),
                R"({"id":1,"error":{"code":102,"message":"not subscribed"}})");
}

// What only it allows ends; the session's own token is another one.
void test_subscription_ends_as_it_is_revoked(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    TestClient& ann = theatre.connect_ann();
    ask(ann, "sub", "seat/7", with("box"));
    ask(ann, "sub", "seat/8", with("stalls"));
    Standing& standing = ann.client().standing();
    const size_t changes = ann.transport().due_changes;
    assert_false(standing.revoke({Revocation::Of::id, "none", kTestNowMs + 1}));
    assert_false(standing.revoke({Revocation::Of::id, "box", kTestNowMs}));
    assert_int_equal(ann.transport().due_changes, changes);
    assert_false(standing.revoke({Revocation::Of::id, "box", kTestNowMs + 1}));
    assert_int_equal(ann.transport().due_changes, changes + 1);
    assert_false(standing.run_due());
    assert_text(ann.take(), R"({"op":"unsub","topic":"seat/7","code":109,)"
                            R"("reason":"the ticket has expired"})");
    assert_int_equal(ann.session().subscriptions(), 1);
}

void test_stays_where_rights_allow_it(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    theatre.set("door", "hall/*", "", false, kNowS + 10);
    TestClient& ann = theatre.connect_ann();
    ask(ann, "sub", "hall/1", with("door"));
    theatre.wait(10);
    assert_false(ann.client().standing().run_due());
    assert_text(ann.take(), "");
    assert_int_equal(ann.session().subscriptions(), 1);
}

// The end of one that was given up is nothing to the next.
void test_forgotten_with_the_subscription(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    TestClient& ann = theatre.connect_ann();
    ask(ann, "sub", "seat/7", with("matinee"));
    assert_true(is_ok(ask(ann, "unsub", "seat/7")));
    assert_true(ann.client().standing().due_left_ms() == Credentials::kNever);
    ask(ann, "sub", "seat/7", with("stalls"));
    theatre.wait(10);
    assert_false(ann.client().standing().run_due());
    assert_text(ann.take(), "");
}

void test_renewed(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    theatre.set("evening", "seat/7", "ann", false, kNowS + 20);
    TestClient& ann = theatre.connect_ann();
    ask(ann, "sub", "seat/7", with("matinee"));
    ask(ann, "sub", "seat/8", with("matinee"));
    assert_text(ask(ann, "auth", "seat/7", with("evening")),
                R"({"id":1,"ok":{}})");
    assert_text(ask(ann, "auth", "seat/8", with("evening")), kNotAllowed);
    assert_text(ask(ann, "auth", "seat/9", with("stalls")),
                R"({"id":1,"error":{"code":102,"message":"not subscribed"}})");
    assert_text(ask(ann, "auth", "seat/7", with("old")),
                R"({"id":1,"error":{"code":109,)"
                R"("message":"the ticket has expired"}})");
    assert_text(
        ask(ann, "auth", "seat/7", R"(,"ticket":"box","token":"x")"),
        R"({"id":1,"error":{"code":107,)"
        R"("message":"auth takes a token, or a topic and its ticket"}})");
    theatre.wait(10);
    assert_false(ann.client().standing().run_due());
    assert_text(ann.take(), R"({"op":"unsub","topic":"seat/8","code":109,)"
                            R"("reason":"the ticket has expired"})");
    assert_int_equal(ann.client().standing().due_left_ms(), 10'000);
    theatre.wait(10);
    assert_false(ann.client().standing().run_due());
    assert_text(ann.take(), R"({"op":"unsub","topic":"seat/7","code":109,)"
                            R"("reason":"the ticket has expired"})");
}

// Other rights leave what a ticket allows.
void test_outlives_rights(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    Rights less;
    less.user = less.identity = "ann";
    theatre.tokens.rights["less"] = less;
    TestClient& ann = theatre.connect_ann();
    ask(ann, "sub", "hall/1");
    ask(ann, "sub", "seat/7", with("stalls"));
    ann.say(R"({"id":2,"op":"auth","token":"less"})");
    assert_text(ann.take(), "{\"id\":2,\"ok\":{\"user\":\"ann\"}}\n"
                            R"({"op":"unsub","topic":"hall/1","code":103,)"
                            R"("reason":"not allowed"})");
    theatre.cluster.zone.put("seat/7", "a");
    theatre.cluster.run();
    assert_true(ann.take().find("\"a\"") != std::string::npos);
}

// It ends while a command that came with it takes several turns.
void test_ends_amid_a_command(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    Client& ann = theatre.connect_ann().client();
    const Selector seats = *Selector::parse("seat/*");
    assert_false(ann.standing().show_ticket("matinee").has_value());
    {
        const auto subscribing = ann.begin_subscribing(seats, {});
        assert_true(bool(subscribing));
        assert_true(bool(ann.reader(seats)));
        theatre.wait(10);
        assert_int_equal(error_of(ann.reader(seats)), code_of(Errc::denied));
        assert_int_equal(error_of(ann.subscribe(seats, **subscribing)),
                         code_of(Errc::denied));
    }
    assert_int_equal(ann.session().subscriptions(), 0);
}

// All at once: each turn ends some.
void test_many_end_in_turns(void** state)
{
    Theatre& theatre = state_of<Theatre>(state);
    TestClient& ann = theatre.connect_ann();
    for (size_t i = 0; i < kMany; i++) {
        ask(ann, "sub", "seat/" + std::to_string(i), with("matinee"));
    }
    theatre.cluster.first.run();
    theatre.wait(10);
    size_t left = kMany;
    size_t turns = 0;
    while (left > 0) {
        theatre.cluster.first.broker.run();
        assert_false(ann.client().standing().run_due());
        const size_t now = ann.session().subscriptions();
        assert_true(now < left && left - now <= kEndsPerTurn);
        left = now;
        turns++;
        assert_true((left > 0) == (ann.client().standing().due_left_ms() <= 0));
    }
    assert_int_equal(turns, kMany / kEndsPerTurn + 1);
    assert_int_equal(ann.take_frames().size(), kMany);
}

int make_theatre(void** state)
{
    return make_state<Theatre>(state);
}

int end_theatre(void** state)
{
    const int result = check_at_end(state_of<Theatre>(state).cluster);
    return destroy_state<Theatre>(state) + result;
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_what_it_is_for, make_theatre,
                                        end_theatre),
        cmocka_unit_test_setup_teardown(test_refused, make_theatre,
                                        end_theatre),
        cmocka_unit_test_setup_teardown(test_publishes_only_where_it_says_so,
                                        make_theatre, end_theatre),
        cmocka_unit_test_setup_teardown(test_subscription_ends_with_it,
                                        make_theatre, end_theatre),
        cmocka_unit_test_setup_teardown(test_subscription_ends_as_it_is_revoked,
                                        make_theatre, end_theatre),
        cmocka_unit_test_setup_teardown(test_stays_where_rights_allow_it,
                                        make_theatre, end_theatre),
        cmocka_unit_test_setup_teardown(test_forgotten_with_the_subscription,
                                        make_theatre, end_theatre),
        cmocka_unit_test_setup_teardown(test_renewed, make_theatre,
                                        end_theatre),
        cmocka_unit_test_setup_teardown(test_outlives_rights, make_theatre,
                                        end_theatre),
        cmocka_unit_test_setup_teardown(test_ends_amid_a_command, make_theatre,
                                        end_theatre),
        cmocka_unit_test_setup_teardown(test_many_end_in_turns, make_theatre,
                                        end_theatre),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
