// Tokens that a client brings while its session lives.
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint32_t kNowS = kTestNowMs / 1000;

// A cluster, and tokens for its clients.
struct Office {
    Office()
    {
        tokens.rights["ann"] = rights_of("ann", {"room/*"});
        tokens.rights["ann again"] = rights_of("ann", {"room/7"});
        tokens.rights["bob"] = rights_of("bob", {"room/*"});
        tokens.faults.emplace("old",
                              Error{Errc::expired, "the token has expired"});
    }
    static Rights rights_of(const char* user,
                            const std::vector<const char*>& selectors)
    {
        Rights rights;
        rights.user = user;
        rights.identity = user;
        rights.permissions.subscribe = allowed(selectors);
        rights.permissions.publish = allowed(selectors);
        return rights;
    }
    // With a token of Ann's.
    TestClient& connect_ann()
    {
        ClientOptions options;
        options.subscribe = options.publish = {"room/*"};
        options.user = options.identity = "ann";
        options.tokens = &tokens;
        return cluster.connect(options);
    }
    // Who has to bring one.
    TestClient& connect_later()
    {
        ClientOptions options;
        options.token_due_s = kNowS + 10;
        options.tokens = &tokens;
        return cluster.connect(options);
    }
    FakeClock& clock() { return cluster.first.clock; }

    FakeTokens tokens;
    Cluster cluster;
};

void test_who_it_is_and_until_when(void** state)
{
    Office& office = state_of<Office>(state);
    Rights& rights = office.tokens.rights["ann"];
    rights.expires_ms = kTestNowMs + 50'000;
    rights.end_s = kNowS + 75;
    TestClient& ann = office.connect_ann();
    assert_true(ann.client().standing().due_left_ms() == Credentials::kNever);
    ann.say(R"({"id":1,"op":"auth","token":"ann"})");
    assert_text(ann.take(),
                R"({"id":1,"ok":{"user":"ann","expires":1700000050000}})");
    assert_int_equal(ann.client().standing().due_left_ms(), 75'000);
    assert_int_equal(ann.transport().due_changes, 1);
    assert_text(office.tokens.taken.back(), "ann");
    // Then again for ever.
    ann.say(R"({"id":2,"op":"auth","token":"ann again"})");
    assert_text(ann.take(), R"({"id":2,"ok":{"user":"ann"}})");
    assert_true(ann.client().standing().due_left_ms() == Credentials::kNever);
    // No id, no answer.
    ann.say(R"({"op":"auth","token":"ann"})");
    assert_text(ann.take(), "");
    assert_int_equal(office.tokens.taken.size(), 3);
}

void test_nobody_has_no_name(void** state)
{
    Office& office = state_of<Office>(state);
    office.tokens.rights["anybody"] = Office::rights_of("", {"room/*"});
    TestClient& peer = office.connect_later();
    peer.say(R"({"id":1,"op":"auth","token":"anybody"})");
    assert_text(peer.take(), R"({"id":1,"ok":{}})");
    assert_false(peer.client().standing().awaits_token());
    // Which nobody else can be, either.
    peer.say(R"({"id":2,"op":"auth","token":"anybody"})");
    assert_text(peer.take(), R"({"id":2,"ok":{}})");
    peer.say(R"({"id":3,"op":"auth","token":"ann"})");
    assert_text(peer.take(), R"({"id":3,"error":{"code":101,)"
                             R"("message":"the token is another user's"}})");
}

void test_where_no_tokens_are_taken(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& simple = office.cluster.connect();
    ClientOptions with_an_end;
    with_an_end.end_s = kNowS + 10;
    TestClient& other = office.cluster.connect(with_an_end);
    for (TestClient* peer : {&simple, &other}) {
        peer->say(R"({"id":1,"op":"auth","token":"ann"})");
        assert_text(peer->take(), R"({"id":1,"error":{"code":107,)"
                                  R"("message":"no tokens are taken here"}})");
        assert_false(peer->closed());
    }
    assert_int_equal(office.tokens.asked, 0);
}

void test_a_token_is_a_string(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& ann = office.connect_ann();
    for (const char* command :
         {R"({"id":1,"op":"auth"})", R"({"id":1,"op":"auth","token":7})"}) {
        ann.say(command);
        assert_text(ann.take(), R"({"id":1,"error":{"code":107,)"
                                R"("message":"token must be a string"}})");
    }
}

void test_nothing_before_the_first_token(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& peer = office.connect_later();
    for (const char* command :
         {R"("sub","topic":"room/7")", R"("unsub","topic":"room/7")",
          R"("pub","topic":"room/7","data":1)", R"("get","topic":"room/7")",
          R"("history","topic":"room/7","last":1)",
          R"("history","topic":"room/7")", R"("shout")",
          R"("who","topic":"room/7")"}) {
        peer.say(std::string(R"({"id":1,"op":)") + command + '}');
        assert_text(peer.take(), R"({"id":1,"error":{"code":101,)"
                                 R"("message":"a token is needed first"}})");
    }
    peer.say(R"({"op":"ping"})");
    assert_text(peer.take(), R"({"op":"pong"})");
    assert_false(office.cluster.zone.exists("room/7"));
    peer.say(R"({"id":2,"op":"auth","token":"ann"})"
             R"({"id":3,"op":"pub","topic":"room/7","data":1})");
    assert_text(peer.take(), "{\"id\":2,\"ok\":{\"user\":\"ann\"}}\n"
                             R"({"id":3,"ok":{"epoch":"0","seq":1}})");
    // It need not bring one any more.
    office.clock().step = 3600LL * 1000;
    assert_false(peer.client().standing().run_due());
}

void test_one_try_for_the_first_token(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& bad = office.connect_later();
    bad.say(R"({"id":1,"op":"auth","token":"x"})"
            R"({"id":2,"op":"auth","token":"ann"})");
    assert_text(bad.take(), R"({"id":1,"error":{"code":101,)"
                            R"("message":"no such token"}})");
    assert_int_equal(bad.close_code(), 3502);
    TestClient& late = office.connect_later();
    late.say(R"({"id":1,"op":"auth","token":"old"})");
    assert_text(late.take(), R"({"id":1,"error":{"code":109,)"
                             R"("message":"the token has expired"}})");
    assert_int_equal(late.close_code(), 3502);
}

// It is not the token's fault.
void test_another_try_where_none_can_be_checked(void** state)
{
    Office& office = state_of<Office>(state);
    office.tokens.faults.emplace("busy", Error{Errc::internal, "not now"});
    TestClient& peer = office.connect_later();
    peer.say(R"({"id":1,"op":"auth","token":"busy"})");
    assert_text(peer.take(),
                R"({"id":1,"error":{"code":100,"message":"not now"}})");
    assert_false(peer.closed());
    peer.say(R"({"id":2,"op":"auth","token":"ann"})");
    assert_text(peer.take(), R"({"id":2,"ok":{"user":"ann"}})");
}

void test_goes_on_as_it_was_when_a_token_is_refused(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& ann = office.connect_ann();
    ann.sub("room/7");
    ann.take();
    ann.say(R"({"id":1,"op":"auth","token":"bob"})"
            R"({"id":2,"op":"auth","token":"x"})"
            R"({"id":3,"op":"auth","token":"old"})");
    assert_text(ann.take(),
                R"({"id":1,"error":{"code":101,)"
                "\"message\":\"the token is another user's\"}}\n"
                R"({"id":2,"error":{"code":101,"message":"no such token"}})"
                "\n"
                R"({"id":3,"error":{"code":109,)"
                R"("message":"the token has expired"}})");
    assert_true(office.tokens.taken.empty());
    assert_false(ann.closed());
    assert_text(ann.session().identity().text(), "ann");
    ann.say(R"({"op":"pub","topic":"room/7","text":"a"})");
    office.cluster.run();
    assert_text(ann.take(), R"({"op":"topic","topic":"room/7","epoch":"0",)"
                            "\"seq\":0}\n"
                            R"({"op":"msg","topic":"room/7","seq":1,)"
                            R"("text":"a"})");
}

std::string auths(size_t count)
{
    std::string text;
    for (size_t i = 0; i < count; i++) {
        text += R"({"op":"auth","token":"ann"})";
    }
    return text;
}

void test_ten_refreshes_a_minute(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& ann = office.connect_ann();
    ann.say(auths(kMaxTokenRefreshesAMinute));
    assert_text(ann.take(), "");
    ann.say(auths(1));
    const char* refused =
        R"({"error":{"code":111,"message":"too many tokens"}})";
    assert_text(ann.take(), refused);
    assert_int_equal(office.tokens.asked, kMaxTokenRefreshesAMinute);
    office.clock().now += 59'999;
    ann.say(auths(1));
    assert_text(ann.take(), refused);
    office.clock().now += 1;
    ann.say(auths(kMaxTokenRefreshesAMinute));
    assert_text(ann.take(), "");
    ann.say(auths(1));
    assert_text(ann.take(), refused);
}

void test_the_first_token_is_no_refresh(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& peer = office.connect_later();
    peer.say(auths(1 + kMaxTokenRefreshesAMinute));
    assert_text(peer.take(), "");
    peer.say(auths(1));
    assert_text(peer.take(),
                R"({"error":{"code":111,"message":"too many tokens"}})");
}

void test_refreshes_are_commands(void** state)
{
    Office& office = state_of<Office>(state);
    ClientOptions options;
    options.user = "ann";
    options.tokens = &office.tokens;
    options.rate = {60, 1};
    TestClient& ann = office.cluster.connect(options);
    ann.say(auths(3));
    assert_text(ann.take(),
                R"({"error":{"code":111,"message":"too many commands"}})");
    assert_int_equal(office.tokens.asked, 2);
}

// What is not allowed any more ends, after the reply, and before what the
// client has sent behind the token.
void test_fewer_rights(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& ann = office.connect_ann();
    ann.sub("room/7");
    ann.sub("room/8");
    ann.sub("room/*");
    ann.take();
    ann.say(R"({"id":1,"op":"auth","token":"ann again"})"
            R"({"id":2,"op":"unsub","topic":"room/8"})"
            R"({"id":3,"op":"sub","topic":"room/8"})");
    assert_text(ann.take(),
                "{\"id\":1,\"ok\":{\"user\":\"ann\"}}\n"
                R"({"op":"unsub","topic":"room/8","code":103,)"
                "\"reason\":\"not allowed\"}\n"
                R"({"op":"unsub","topic":"room/*","code":103,)"
                "\"reason\":\"not allowed\"}\n"
                R"({"id":2,"error":{"code":102,"message":"not subscribed"}})"
                "\n"
                R"({"id":3,"error":{"code":103,"message":"not allowed"}})");
    office.cluster.zone.put("room/8", "8");
    office.cluster.zone.put("room/7", "7");
    office.cluster.run();
    assert_text(ann.take(), R"({"op":"topic","topic":"room/7","epoch":"1",)"
                            "\"seq\":0}\n"
                            R"({"op":"msg","topic":"room/7","seq":1,)"
                            R"("text":"7"})");
    // And more of them.
    ann.say(R"({"id":4,"op":"auth","token":"ann"})"
            R"({"id":5,"op":"get","topic":"room/8"})");
    assert_true(ann.take().find(R"({"id":5,"ok":{"items")") !=
                std::string::npos);
}

void test_other_rights_to_publish(void** state)
{
    Office& office = state_of<Office>(state);
    TestClient& ann = office.connect_ann();
    ann.say(R"({"op":"auth","token":"ann again"})"
            R"({"id":1,"op":"pub","topic":"room/8","data":1})"
            R"({"id":2,"op":"pub","topic":"room/7","data":1})");
    assert_text(ann.take(),
                R"({"id":1,"error":{"code":103,"message":"not allowed"}})"
                "\n"
                R"({"id":2,"ok":{"epoch":"0","seq":1}})");
}

int make_office(void** state)
{
    return make_state<Office>(state);
}

int end_office(void** state)
{
    const int result = check_at_end(state_of<Office>(state).cluster);
    return destroy_state<Office>(state) + result;
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_it_is_and_until_when,
                                        make_office, end_office),
        cmocka_unit_test_setup_teardown(test_nobody_has_no_name, make_office,
                                        end_office),
        cmocka_unit_test_setup_teardown(test_where_no_tokens_are_taken,
                                        make_office, end_office),
        cmocka_unit_test_setup_teardown(test_a_token_is_a_string, make_office,
                                        end_office),
        cmocka_unit_test_setup_teardown(test_nothing_before_the_first_token,
                                        make_office, end_office),
        cmocka_unit_test_setup_teardown(test_one_try_for_the_first_token,
                                        make_office, end_office),
        cmocka_unit_test_setup_teardown(
            test_another_try_where_none_can_be_checked, make_office,
            end_office),
        cmocka_unit_test_setup_teardown(
            test_goes_on_as_it_was_when_a_token_is_refused, make_office,
            end_office),
        cmocka_unit_test_setup_teardown(test_ten_refreshes_a_minute,
                                        make_office, end_office),
        cmocka_unit_test_setup_teardown(test_the_first_token_is_no_refresh,
                                        make_office, end_office),
        cmocka_unit_test_setup_teardown(test_refreshes_are_commands,
                                        make_office, end_office),
        cmocka_unit_test_setup_teardown(test_fewer_rights, make_office,
                                        end_office),
        cmocka_unit_test_setup_teardown(test_other_rights_to_publish,
                                        make_office, end_office),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
