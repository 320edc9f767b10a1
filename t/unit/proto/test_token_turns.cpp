// Tokens and tickets that many sessions bring at once: each turn of the event
// loop checks so many of them.
#include <algorithm>
#include <string>
#include <utility>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint32_t kNowS = kTestNowMs / 1000;
constexpr size_t kCrowdBytes = 16UL * 1024 * 1024;
constexpr size_t kInATurn = kSignaturesPerTurn;

// Each has a token of its own: "0", "1", ….
struct Crowd {
    Crowd()
    {
        tokens.are_turns_awaited = true;
        tokens.faults.emplace("old",
                              Error{Errc::expired, "the token has expired"});
        tokens.faults.emplace("early",
                              Error{Errc::unavailable, "no keys are there"});
        tokens.tickets.insert_or_assign(
            "good", Ticket{*Selector::parse("seat/*"), "", true, 0, {}});
    }
    TestClient& connect(ClientOptions options = {})
    {
        options.tokens = &tokens;
        TestClient& peer = cluster.connect(options);
        peer.transport().on_close = [&peer] {
            peer.protocol().stop();
        };
        return peer;
    }
    void connect(size_t count)
    {
        for (size_t i = 0; i < count; i++) {
            const std::string name = std::to_string(cluster.clients.size());
            Rights& rights = tokens.rights[name];
            rights.user = name;
            rights.permissions = {allowed({"**"}), allowed({"**"})};
            ClientOptions options;
            options.user = name.c_str();
            connect(options);
        }
    }
    TestClient& peer(size_t n) { return *cluster.clients[n]; }
    void refresh(size_t n)
    {
        peer(n).say(R"({"id":1,"op":"auth","token":")" + std::to_string(n) +
                    R"("})");
    }
    // So many others have used up what this turn has.
    void use_up()
    {
        const size_t first = cluster.clients.size();
        connect(kInATurn);
        for (size_t i = 0; i < kInATurn; i++) {
            refresh(first + i);
        }
    }
    // One of the event loop. Returns how many were checked in it.
    size_t turn()
    {
        const size_t before = tokens.asked;
        for (const auto& peer : cluster.clients) {
            if (std::exchange(peer->transport().turns, 0) > 0 &&
                !peer->closed()) {
                peer->client().effort().begin_turn();
                peer->protocol().begin_turn();
            }
        }
        if (std::exchange(tokens.asked_for_turn, false)) {
            tokens.turns.run();
        }
        cluster.run();
        return tokens.asked - before;
    }
    void go_on()
    {
        const auto goes_on = [](const auto& peer) {
            return peer->transport().turns > 0;
        };
        while (tokens.asked_for_turn ||
               std::ranges::any_of(cluster.clients, goes_on)) {
            turn();
        }
    }

    FakeTokens tokens;
    Cluster cluster{kCrowdBytes};
};

std::string answer_to(size_t n)
{
    return R"({"id":1,"ok":{"user":")" + std::to_string(n) + R"("}})";
}

void test_so_many_in_a_turn(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    const size_t count = 3 * kInATurn + 5;
    crowd.connect(count);
    for (size_t i = 0; i < count; i++) {
        crowd.refresh(i);
    }
    assert_int_equal(crowd.tokens.asked, kInATurn);
    size_t turns = 0;
    while (crowd.tokens.asked < count) {
        assert_true(crowd.turn() <= kInATurn);
        turns++;
    }
    assert_int_equal(turns, 4); // those that wait are called in the first
    for (size_t i = 0; i < count; i++) {
        assert_text(crowd.tokens.taken[i], std::to_string(i));
        assert_text(crowd.peer(i).take(), answer_to(i));
    }
    // Nothing goes on for ever.
    crowd.turn();
    assert_false(crowd.tokens.asked_for_turn);
}

void test_nobody_overtakes(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    const size_t count = 3 * kInATurn;
    crowd.connect(count + kInATurn);
    for (size_t i = 0; i < count; i++) {
        crowd.refresh(i);
    }
    for (size_t i = count; i < count + kInATurn; i++) {
        crowd.turn();
        crowd.refresh(i); // in each turn one
    }
    crowd.go_on();
    assert_int_equal(crowd.tokens.taken.size(), count + kInATurn);
    for (size_t i = 0; i < count + kInATurn; i++) {
        assert_text(crowd.tokens.taken[i], std::to_string(i));
    }
}

void test_the_order_of_a_session(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    crowd.connect(1);
    crowd.use_up();
    TestClient& peer = crowd.peer(0);
    crowd.refresh(0);
    peer.say(R"({"id":2,"op":"sub","topic":"a"}{"op":"ping"})"
             R"({"id":3,"op":"auth","token":"old"})");
    peer.say(R"({"id":4,"op":"pub","topic":"b","data":1})");
    assert_text(peer.take_queued(), "");
    assert_false(peer.client().effort().is_full()); // it is read on
    crowd.go_on();
    assert_text(peer.take(), answer_to(0) +
                                 R"(
{"id":2,"ok":{"topics":[],"recovered":true}}
{"op":"pong"}
{"id":3,"error":{"code":109,"message":"the token has expired"}}
{"id":4,"ok":{"epoch":"0","seq":1}})");
}

void test_as_many_wait_as_may(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    ClientOptions options;
    options.hooks.max_pending = 2;
    TestClient& peer = crowd.connect(options);
    crowd.use_up();
    const std::string get = R"({"id":1,"op":"get","topic":"seat/1",)"
                            R"("ticket":"good"})";
    peer.say(get);
    assert_false(peer.client().effort().is_full());
    peer.say(get);
    assert_true(peer.client().effort().is_full());
    crowd.go_on();
    assert_false(peer.client().effort().is_full());
    const char* reply =
        R"({"id":1,"error":{"code":102,"message":"unknown topic"}})";
    assert_text(peer.take(), std::string(reply) + '\n' + reply);
}

void test_tickets_wait_as_well(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    ClientOptions options;
    options.publish = {};
    TestClient& peer = crowd.connect(options);
    crowd.use_up();
    const size_t before = crowd.tokens.asked;
    peer.say(
        R"({"id":1,"op":"pub","topic":"seat/7","data":1,)"
        R"("ticket":"good"}{"id":2,"op":"pub","topic":"seat/7","data":1})");
    assert_text(peer.take_queued(), "");
    crowd.go_on();
    assert_int_equal(crowd.tokens.asked, before + 1);
    assert_text(peer.take(),
                "{\"id\":1,\"ok\":{\"epoch\":\"0\",\"seq\":1}}\n"
                R"({"id":2,"error":{"code":103,"message":"not allowed"}})");
}

// What needs no check does not wait.
void test_the_others_go_on(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    ClientOptions slow;
    slow.rate = {60, 1};
    TestClient& peer = crowd.connect(slow);
    TestClient& stranger = crowd.cluster.connect();
    crowd.use_up();
    peer.say(R"({"id":1,"op":"get","topic":"none"})");
    peer.say(R"({"op":"ping"})");
    peer.say(R"({"id":3,"op":"auth","token":"0"})"); // beyond the rate
    assert_text(
        peer.take(),
        "{\"id\":1,\"error\":{\"code\":102,"
        "\"message\":\"unknown topic\"}}\n{\"op\":\"pong\"}\n"
        R"({"id":3,"error":{"code":111,"message":"too many commands"}})");
    stranger.say(R"({"id":1,"op":"auth","token":"0"})");
    assert_text(stranger.take(), R"({"id":1,"error":{"code":107,)"
                                 R"("message":"no tokens are taken here"}})");
}

void test_who_leaves_while_waiting(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    const size_t count = 4 * kInATurn;
    crowd.connect(count);
    for (size_t i = 0; i < count; i++) {
        crowd.refresh(i);
    }
    crowd.turn(); // the second lot may go on, and does not come to it
    for (size_t i = kInATurn; i < 2 * kInATurn; i++) {
        crowd.peer(i).client().close(EndCause::going_away, "");
    }
    // Of the third lot every other one goes, too.
    for (size_t i = 3 * kInATurn - 2; i >= 2 * kInATurn; i -= 2) {
        crowd.cluster.disconnect(crowd.peer(i));
    }
    crowd.go_on();
    assert_int_equal(crowd.tokens.asked, 2 * kInATurn + kInATurn / 2);
    assert_text(crowd.tokens.taken[kInATurn], std::to_string(2 * kInATurn + 1));
    assert_text(crowd.tokens.taken.back(), std::to_string(count - 1));
    crowd.turn();
    crowd.connect(1);
    assert_true(crowd.tokens.turns.may_check(nullptr));
}

// Each may fit several keys, and cost as many signatures.
void test_signatures_are_counted(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    crowd.tokens.signatures = kMaxTokenKeys;
    const size_t count = 2 * kInATurn;
    crowd.connect(count);
    for (size_t i = 0; i < count; i++) {
        crowd.refresh(i);
    }
    assert_int_equal(crowd.tokens.asked, kInATurn / kMaxTokenKeys);
    while (crowd.tokens.asked < count) {
        assert_true(crowd.tokens.asked_for_turn);
        assert_true(crowd.turn() <= kInATurn / kMaxTokenKeys);
    }
    for (size_t i = 0; i < count; i++) {
        assert_text(crowd.tokens.taken[i], std::to_string(i));
    }
}

void test_bad_tokens_have_one_place(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    crowd.connect(2 * kInATurn);
    TestClient& hog = crowd.connect();
    std::string bad;
    for (size_t i = 0; i < 3 * kInATurn; i++) {
        bad += R"({"op":"get","topic":"seat/1","ticket":"bad"})";
    }
    hog.begin_to_say(bad);
    assert_int_equal(crowd.tokens.asked, 1);
    for (size_t i = 0; i < 2 * kInATurn; i++) {
        crowd.refresh(i);
    }
    while (crowd.tokens.taken.size() < 2 * kInATurn) {
        crowd.turn();
    }
    // One in each turn at most.
    assert_true(crowd.tokens.asked <= 2 * kInATurn + 5);
    for (size_t i = 0; i < 2 * kInATurn; i++) {
        assert_text(crowd.peer(i).take(), answer_to(i));
    }
}

void test_the_session_ends(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    crowd.tokens.rights["ann"].user = "ann";
    ClientOptions options;
    options.user = "ann";
    options.end_s = kNowS + 10;
    TestClient& ann = crowd.connect(options);
    crowd.use_up();
    const size_t before = crowd.tokens.asked;
    ann.say(R"({"id":1,"op":"auth","token":"ann"})");
    crowd.cluster.first.clock.step += 10'000;
    assert_true(ann.client().standing().run_due());
    assert_int_equal(ann.close_code(), 3005);
    crowd.go_on();
    assert_int_equal(crowd.tokens.asked, before);
    assert_text(ann.take(), "");
}

// Of a session that has to bring one.
TestClient& say_first(Crowd& crowd, std::string_view token)
{
    crowd.tokens.rights["ann"].user = "ann";
    ClientOptions options;
    options.token_due_s = kNowS + 10;
    TestClient& peer = crowd.connect(options);
    crowd.use_up();
    peer.say(R"({"id":1,"op":"auth","token":")" + std::string(token) + R"("})");
    const Standing& standing = peer.client().standing();
    assert_true(standing.due_left_ms() == Credentials::kNever);
    crowd.cluster.first.clock.step += 10'000;
    assert_false(peer.client().standing().run_due());
    crowd.go_on();
    return peer;
}

// That it waits is not its fault.
void test_the_first_is_in_time(void** state)
{
    Crowd& crowd = state_of<Crowd>(state);
    TestClient& peer = say_first(crowd, "ann");
    assert_text(peer.take(), R"({"id":1,"ok":{"user":"ann"}})");
    assert_false(peer.closed());
}

void test_the_first_is_bad(void** state)
{
    TestClient& peer = say_first(state_of<Crowd>(state), "bad");
    assert_int_equal(peer.close_code(), 3502);
}

void test_the_first_has_no_key(void** state)
{
    TestClient& peer = say_first(state_of<Crowd>(state), "early");
    assert_text(peer.take(), R"({"id":1,"error":{"code":115,)"
                             R"("message":"no keys are there"}})");
    assert_false(peer.closed());
    assert_int_equal(peer.transport().due_changes, 2);
    assert_true(peer.client().standing().run_due());
    assert_int_equal(peer.close_code(), 3502);
}

int make_crowd(void** state)
{
    return make_state<Crowd>(state);
}

int end_crowd(void** state)
{
    const int result = check_at_end(state_of<Crowd>(state).cluster);
    return destroy_state<Crowd>(state) + result;
}

CMUnitTest in_a_crowd(const char* name, CMUnitTestFunction test)
{
    return {name, test, make_crowd, end_crowd, nullptr};
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        in_a_crowd("so many in a turn", test_so_many_in_a_turn),
        in_a_crowd("nobody overtakes", test_nobody_overtakes),
        in_a_crowd("the order of a session", test_the_order_of_a_session),
        in_a_crowd("as many wait as may", test_as_many_wait_as_may),
        in_a_crowd("tickets wait as well", test_tickets_wait_as_well),
        in_a_crowd("the others go on", test_the_others_go_on),
        in_a_crowd("who leaves while waiting", test_who_leaves_while_waiting),
        in_a_crowd("signatures are counted", test_signatures_are_counted),
        in_a_crowd("bad tokens have one place", test_bad_tokens_have_one_place),
        in_a_crowd("the session ends", test_the_session_ends),
        in_a_crowd("the first is in time", test_the_first_is_in_time),
        in_a_crowd("the first is bad", test_the_first_is_bad),
        in_a_crowd("the first has no key", test_the_first_has_no_key),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
