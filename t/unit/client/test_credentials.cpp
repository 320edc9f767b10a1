// How long a client may stay.
#include "client/client.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint32_t kNowS = kTestNowMs / 1000;

void test_forever_without_an_end(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& peer = cluster.connect();
    assert_true(peer.client().standing().due_left_ms() == Credentials::kNever);
    assert_false(peer.client().standing().run_due());
    assert_false(peer.closed());
}

// By the system's clock, which may be set.
void test_until_the_end(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.end_s = kNowS + 10;
    TestClient& peer = cluster.connect(options);
    assert_int_equal(peer.client().standing().due_left_ms(), 10'000);
    cluster.first.clock.step = 9'999;
    assert_false(peer.client().standing().run_due());
    assert_false(peer.closed());
    peer.say(R"({"op":"ping"})");
    assert_text(peer.take(), R"({"op":"pong"})");
    cluster.first.clock.step = 10'000;
    assert_int_equal(peer.client().standing().due_left_ms(), 0);
    assert_true(peer.client().standing().run_due());
    assert_int_equal(peer.close_code(), 3005);
}

void test_nothing_before_the_first_token(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    ClientOptions options;
    options.token_due_s = kNowS + 10;
    TestClient& peer = cluster.connect(options);
    const Selector topic = *Selector::parse("a");
    assert_false(peer.client().standing().may_subscribe(topic));
    assert_int_equal(error_of(peer.client().reader(topic)),
                     code_of(Errc::denied));
    cluster.first.clock.step = 9'999;
    assert_false(peer.client().standing().run_due());
    assert_false(peer.closed());
    cluster.first.clock.step = 10'000;
    assert_true(peer.client().standing().run_due());
    assert_int_equal(peer.close_code(), 3502);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forever_without_an_end,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_until_the_end, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_nothing_before_the_first_token,
                                        make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
