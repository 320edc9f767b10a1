// One peer: what it may not do is not done, whatever protocol asks for it.
#include <string>

#include "client/client.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

PublishRequest message(std::string_view topic, std::string_view payload)
{
    PublishRequest request;
    request.topic = topic;
    request.kind = PayloadKind::text;
    request.payload = payload;
    return request;
}

ClientOptions of_rooms()
{
    ClientOptions options;
    options.subscribe = {"room/*"};
    options.publish = {"room/7"};
    return options;
}

void test_nothing_without_a_right(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.zone.put("other", "1");
    TestClient& peer = cluster.connect(of_rooms());
    Client& client = peer.client();
    const Selector other = *Selector::parse("other");
    const Selector wide = *Selector::parse("**");
    const int denied = code_of(Errc::denied);
    assert_int_equal(error_of(client.subscribe(other, {})), denied);
    assert_int_equal(error_of(client.begin_subscribing(wide, {})), denied);
    assert_int_equal(error_of(client.reader(other)), denied);
    assert_int_equal(error_of(client.reader(wide)), denied);
    assert_int_equal(error_of(client.who(other)), denied);
    assert_int_equal(error_of(client.publish(message("other", "2")).answer()),
                     denied);
    assert_text(cluster.zone.read("other"), "1:1");
    // Each is told, with what would have been allowed.
    const auto& denials = peer.transport().denials;
    assert_int_equal(denials.size(), 6);
    assert_text(denials.front(),
                R"(not allowed to subscribe to "other" (allowed: "room/*"))");
    assert_text(denials.back(),
                R"(not allowed to publish to "other" (allowed: "room/7"))");
}

void test_what_it_may(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& peer = cluster.connect(of_rooms());
    Client& client = peer.client();
    const Selector room = *Selector::parse("room/7");
    assert_true(bool(client.publish(message("room/7", "1")).answer()));
    Batch batch;
    client.reader(room)->read("room/7", {}, {}, batch);
    assert_int_equal(batch.size(), 1);
    assert_true(bool(client.subscribe(room, {})));
    assert_true(peer.transport().denials.empty());
}

void test_no_message_beyond_the_limit(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& peer = cluster.connect();
    const std::string largest(kDefaultMaxMessageBytes, 'x');
    assert_true(bool(peer.client().publish(message("a", largest)).answer()));
    assert_int_equal(
        error_of(peer.client().publish(message("a", largest + 'x')).answer()),
        code_of(Errc::limit));
}

void test_paused_until_the_turn_after_resume(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& peer = cluster.connect();
    Client& client = peer.client();
    client.effort().pause();
    client.effort().begin_turn();
    assert_true(client.effort().is_paused());
    assert_true(client.effort().is_tired());
    assert_int_equal(peer.transport().turns, 0);
    client.effort().resume();
    assert_int_equal(peer.transport().turns, 1);
    assert_false(client.effort().is_paused());
    assert_true(client.effort().is_tired()); // until that turn
    client.effort().begin_turn();
    assert_false(client.effort().is_tired());
    client.effort().resume();
    assert_int_equal(peer.transport().turns, 1);
}

void test_registry_knows_who_is_there(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const Registry& registry = cluster.first.registry;
    TestClient& a = cluster.connect();
    TestClient& b = cluster.connect();
    TestClient& c = cluster.connect();
    assert_int_equal(registry.size(), 3);
    cluster.disconnect(a);
    b.client().leave();
    b.client().leave();
    assert_int_equal(registry.size(), 1);
    registry.for_each(
        [&](const Client& left) { assert_ptr_equal(&left, &c.client()); });
    assert_int_equal(cluster.zone.store->status().sessions, 1);
}

void test_place_is_given_back(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    Registry& registry = cluster.first.registry;
    {
        const SessionLease place = registry.admit(1);
        assert_true(static_cast<bool>(place));
        assert_false(static_cast<bool>(registry.admit(1)));
    }
    assert_true(static_cast<bool>(registry.admit(1)));
    assert_int_equal(cluster.zone.store->status().sessions, 0);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_without_a_right,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_what_it_may, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_no_message_beyond_the_limit,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_paused_until_the_turn_after_resume,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_registry_knows_who_is_there,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_place_is_given_back, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
