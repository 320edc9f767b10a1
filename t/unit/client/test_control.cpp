// Control: what orders do to the clients of each worker, and what is answered.
#include <string>
#include <vector>

#include "client/control_order.hpp"
#include "client/control_tally.hpp"
#include "client/controller.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Two workers with what carries orders out.
struct Desk {
    Orders& orders() { return cluster.zone.store->orders; }
    TestClient& connect(TestWorker& worker, const char* user,
                        const char* identity = "")
    {
        ClientOptions options;
        options.user = user;
        options.identity = identity;
        TestClient& client = cluster.connect(worker, options);
        client.take();
        return client;
    }
    ControlTally place(const ControlOrder& order)
    {
        auto placed = orders().place(cluster.first.broker.worker(), order.kind,
                                     order.text(), kOrderMs);
        assert_true(bool(placed));
        return ControlTally(std::move(*placed));
    }
    // All that the workers have to do, and all that they say.
    void carry_out(ControlTally& tally)
    {
        (void)first.read_orders();
        (void)second.read_orders();
        cluster.run();
        take(tally);
    }
    void take(ControlTally& tally)
    {
        for (;;) {
            const auto some =
                orders().take_answers(cluster.first.broker.worker());
            if (some.empty()) {
                return;
            }
            for (const OrderAnswer& answer : some) {
                tally.add(answer);
            }
        }
    }
    ControlTally ask(const ControlOrder& order)
    {
        ControlTally tally = place(order);
        carry_out(tally);
        assert_true(tally.is_complete());
        return tally;
    }
    uint64_t id_of(TestClient& client) { return client.client().id(); }

    Cluster cluster;
    Controller first{cluster.first.registry, 11};
    Controller second{cluster.second.registry, 12};
};

ControlOrder order_to(OrderKind kind)
{
    ControlOrder order;
    order.kind = kind;
    return order;
}

void test_text(void** /*state*/)
{
    ControlOrder order = order_to(OrderKind::close);
    order.filter.id = 0x0123456789abcdef;
    order.filter.user = "a\"b";
    order.filter.topic = "x/y";
    order.code = 4000;
    order.reason = "\n";
    const auto read = ControlOrder::parse(OrderKind::close, order.text());
    assert_true(read.has_value());
    assert_true(read->filter.id == order.filter.id);
    assert_text(*read->filter.user, "a\"b");
    assert_text(*read->filter.topic, "x/y");
    assert_false(read->filter.identity.has_value());
    assert_int_equal(read->code, 4000);
    assert_text(read->reason, "\n");
    assert_false(ControlOrder::parse(OrderKind::close, "x").has_value());
    assert_false(
        ControlOrder::parse(OrderKind::close, R"({"id":"7"})").has_value());
    order.revocation = {Revocation::Of::id, "7", 1'700'000'000'000};
    order.kind = OrderKind::revoke;
    const auto revoke = ControlOrder::parse(OrderKind::revoke, order.text());
    assert_true(revoke->revocation.of == Revocation::Of::id);
    assert_text(revoke->revocation.text, "7");
    assert_true(revoke->revocation.before_ms == 1'700'000'000'000);
    assert_text(session_id_text(0xabc), "0000000000000abc");
    for (const char* no : {"", "abc", "0000000000000abg", "0000000000000ABC",
                           "00000000000000abc"}) {
        assert_false(parse_session_id(no).has_value());
    }
}

void test_close(void** state)
{
    Desk& desk = state_of<Desk>(state);
    TestWorker& first = desk.cluster.first;
    TestWorker& second = desk.cluster.second;
    TestClient& ann = desk.connect(first, "ann", "Ann");
    TestClient& ann_too = desk.connect(second, "ann");
    TestClient& bob = desk.connect(second, "bob", "Bob");
    TestClient& nobody = desk.connect(first, nullptr, "Bob");
    nobody.sub("room/7");
    bob.sub("room/*");

    ControlOrder order = order_to(OrderKind::close);
    order.filter.user = "ann";
    order.reason = "out";
    ControlTally tally = desk.ask(order);
    assert_int_equal(tally.ended(), 2);
    assert_true(ann.closed() && ann_too.closed());
    assert_false(bob.closed() || nobody.closed());
    assert_int_equal(ann.close_code(), kCloseOrdered);
    assert_text(ann.transport().close_reason, "out");
    assert_int_equal(desk.ask(order).ended(), 0); // they are on their way

    order.filter.user = "bob";
    order.filter.identity = "Ann";
    assert_int_equal(desk.ask(order).ended(), 0);
    order.filter = {};
    order.filter.topic = "room/7"; // of that very name
    order.code = 4001;
    assert_int_equal(desk.ask(order).ended(), 1);
    assert_int_equal(nobody.close_code(), 4001);

    order.filter = {};
    order.filter.id = desk.id_of(bob);
    tally = desk.ask(order);
    assert_int_equal(tally.ended(), 1);
    assert_true(tally.has_found());
    assert_true(bob.closed());
    order.filter.id = 1;
    assert_false(desk.ask(order).has_found());
}

void test_unsubscribe(void** state)
{
    Desk& desk = state_of<Desk>(state);
    TestClient& ann = desk.connect(desk.cluster.first, "ann");
    TestClient& bob = desk.connect(desk.cluster.second, "bob");
    for (TestClient* client : {&ann, &bob}) {
        for (const char* topic : {"room/7", "room/*", "room/8/x", "**", "a"}) {
            client->sub(topic);
        }
        client->take();
    }
    ControlOrder order = order_to(OrderKind::unsubscribe);
    order.filter.user = "ann";
    order.selector = "room/**";
    assert_int_equal(desk.ask(order).ended(), 3);
    assert_int_equal(ann.session().subscriptions(), 2);
    assert_int_equal(bob.session().subscriptions(), 5);
    const std::string told = ann.take();
    for (const char* topic : {"room/7", "room/*", "room/8/x"}) {
        assert_true(told.find('"' + std::string(topic) + '"') !=
                    std::string::npos);
    }
    assert_true(told.find("103") != std::string::npos);
    assert_text(bob.take(), "");
    order.filter = {};
    order.filter.all = true;
    order.selector = "a";
    assert_int_equal(desk.ask(order).ended(), 2);
}

void test_revoke(void** state)
{
    Desk& desk = state_of<Desk>(state);
    const auto connect = [&](const char* user, const char* id, int64_t at_ms) {
        ClientOptions options;
        options.user = user;
        options.mark = {TokenMark::number_of(id), at_ms};
        return &desk.cluster.connect(desk.cluster.second, options);
    };
    TestClient* ann = connect("ann", "1", 999);
    TestClient* later = connect("ann", "2", 1000);
    TestClient* bob = connect("bob", "1", 999);
    TestClient* timeless = connect("cid", "", TokenMark::kNoTime);
    TestClient& nobody = desk.connect(desk.cluster.first, nullptr, "ann");

    ControlOrder order = order_to(OrderKind::revoke);
    order.revocation = {Revocation::Of::user, "ann", 1000};
    assert_int_equal(desk.ask(order).ended(), 1);
    assert_true(ann->closed() && ann->close_code() == 3005);
    order.revocation = {Revocation::Of::id, "1", 1000};
    assert_int_equal(desk.ask(order).ended(), 1);
    assert_true(bob->closed());
    assert_false(later->closed() || timeless->closed());
    order.revocation = {Revocation::Of::all, "", 1000};
    assert_int_equal(desk.ask(order).ended(), 1);
    assert_true(timeless->closed());
    assert_false(later->closed() || nobody.closed());
}

// More than one turn ends.
void test_many_subscriptions(void** state)
{
    Desk& desk = state_of<Desk>(state);
    ClientOptions options;
    options.user = "ann";
    options.limits.max_subscriptions = 2 * kEndsPerTurn;
    TestClient& ann = desk.cluster.connect(desk.cluster.second, options);
    for (size_t i = 0; i < kEndsPerTurn + 50; i++) {
        ann.sub("room/" + std::to_string(i));
    }
    ann.sub("a");
    ann.take();
    ControlOrder order = order_to(OrderKind::unsubscribe);
    order.filter.user = "ann";
    order.selector = "room/*";
    assert_int_equal(desk.ask(order).ended(), kEndsPerTurn + 50);
    assert_int_equal(ann.session().subscriptions(), 1);
}

void test_list(void** state)
{
    Desk& desk = state_of<Desk>(state);
    std::vector<std::string> ids;
    for (size_t i = 0; i < 10; i++) {
        ids.push_back(session_id_text(desk.id_of(
            desk.connect(i % 3 == 0 ? desk.cluster.first : desk.cluster.second,
                         "ann", "Ann"))));
    }
    desk.connect(desk.cluster.first, "bob");
    std::sort(ids.begin(), ids.end());

    ControlOrder order;
    order.filter.user = "ann";
    order.limit = 3;
    std::vector<std::string> got;
    for (bool more = true; more;) {
        const auto list = desk.ask(order).list(order.limit);
        more = list.more;
        for (const std::string& row : list.rows) {
            got.push_back(row.substr(7, 16));
        }
        order.after = got.back();
    }
    assert_true(got == ids);

    order.after.clear();
    order.filter = {};
    order.filter.id = parse_session_id(ids[0]);
    const auto one = desk.ask(order).list(1);
    const std::string expected =
        "{\"id\":\"" + ids[0] +
        "\",\"user\":\"ann\",\"identity\":\"Ann\",\"address\":\"192.0.2.1\","
        "\"endpoint\":\"/ws\",\"protocol\":\"json.wspubsub.v1\",";
    assert_int_equal(one.rows.size(), 1);
    assert_text(one.rows[0].substr(0, expected.size()), expected);
    assert_true(one.rows[0].find("\"expires\":null,\"subscriptions\":0,") !=
                std::string::npos);
}

void test_list_of_subscriptions(void** state)
{
    Desk& desk = state_of<Desk>(state);
    TestClient& ann = desk.connect(desk.cluster.second, "ann");
    ControlOrder order;
    order.subscriptions = true;
    order.filter.id = desk.id_of(ann);
    ControlTally tally = desk.ask(order);
    assert_true(tally.has_found());
    assert_int_equal(tally.list(10).rows.size(), 0);
    ann.sub("b");
    ann.sub("a/*", ",\"rate\":10");
    const auto list = desk.ask(order).list(10);
    assert_int_equal(list.rows.size(), 2);
    assert_text(list.rows[0],
                "{\"topic\":\"a/*\",\"interval\":100,\"delta\":false}");
    order.limit = 1;
    order.after = "a/*";
    assert_text(desk.ask(order).list(1).rows[0],
                "{\"topic\":\"b\",\"interval\":0,\"delta\":false}");
}

// A list that is longer than an answer may be is cut, and none is left out.
void test_long_list(void** state)
{
    Desk& desk = state_of<Desk>(state);
    constexpr size_t kSessions = 600;
    const std::string identity(250, 'x');
    for (size_t i = 0; i < kSessions; i++) {
        desk.connect(i % 2 == 0 ? desk.cluster.first : desk.cluster.second,
                     "ann", identity.c_str());
    }
    ControlOrder order;
    size_t count = 0;
    size_t pages = 0;
    for (bool more = true; more; pages++) {
        const auto list = desk.ask(order).list(order.limit);
        more = list.more;
        assert_true(!list.rows.empty());
        count += list.rows.size();
        assert_true(list.rows.front().substr(7, 16) > order.after);
        order.after = list.rows.back().substr(7, 16);
    }
    assert_int_equal(count, kSessions);
    assert_true(pages > 2);
}

void test_who_has_missed_orders_closes_all(void** state)
{
    Desk& desk = state_of<Desk>(state);
    TestClient& here = desk.connect(desk.cluster.first, "ann");
    TestClient& there = desk.connect(desk.cluster.second, "bob");
    ControlOrder order = order_to(OrderKind::close);
    order.filter.user = "cid";
    ControlTally tally = desk.place(order);
    assert_false(desk.first.read_orders());
    desk.cluster.zone.clock.now += kOrderMs;
    desk.cluster.zone.store->expire(desk.cluster.zone.clock.now);
    assert_true(desk.second.read_orders());
    desk.cluster.run();
    assert_false(here.closed());
    assert_true(there.closed());
    assert_int_equal(there.close_code(), kCloseGoingAway);
    assert_false(desk.second.read_orders());
    desk.take(tally);
    assert_false(tally.is_complete());
    assert_int_equal(tally.missing().size(), 1);
    desk.cluster.disconnect(there);
    desk.cluster.zone.store->workers.detach(
        desk.cluster.second.broker.worker());
    tally.forget_ended(desk.orders());
    assert_true(tally.is_complete());
    (void)desk.cluster.zone.store->workers.attach({77}); // in its place
}

void test_ids(void** state)
{
    Desk& desk = state_of<Desk>(state);
    Registry& registry = desk.cluster.first.registry;
    TestClient& ann = desk.connect(desk.cluster.first, "ann");
    TestClient& bob = desk.connect(desk.cluster.first, "bob");
    const uint64_t id = desk.id_of(ann);
    assert_true(id != 0 && id != desk.id_of(bob));
    assert_true(id == desk.id_of(ann));
    assert_ptr_equal(registry.find(id), &ann.client());
    ann.client().leave();
    assert_null(registry.find(id));
    assert_true(id == desk.id_of(ann)); // for the log of its end
    assert_ptr_equal(registry.find(desk.id_of(bob)), &bob.client());
}

int end_desk(void** state)
{
    Desk& desk = state_of<Desk>(state);
    const int rc = check_at_end(desk.cluster);
    destroy_state<Desk>(state);
    return rc;
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_desk = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<Desk>, end_desk, nullptr};
    };
    const CMUnitTest tests[] = {
        of_desk("test_text", test_text),
        of_desk("test_close", test_close),
        of_desk("test_unsubscribe", test_unsubscribe),
        of_desk("test_revoke", test_revoke),
        of_desk("test_many_subscriptions", test_many_subscriptions),
        of_desk("test_list", test_list),
        of_desk("test_list_of_subscriptions", test_list_of_subscriptions),
        of_desk("test_long_list", test_long_list),
        of_desk("test_who_has_missed_orders_closes_all",
                test_who_has_missed_orders_closes_all),
        of_desk("test_ids", test_ids),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
