// A subscription that takes many turns to make, while topics come and go: the
// reply names what is there when it is given, and nothing is lost after it.
#include <map>
#include <random>
#include <set>
#include <string>

#include <jansson.h>

#include "support/asserts.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kTopics = 12;

class Run {
public:
    Run(unsigned seed, Cluster& cluster) : random_(seed), cluster_(cluster)
    {
        TestClient& other = cluster.connect();
        other.sub(pick(2) == 0 ? "a/*" : "a/1");
        cluster.connect(cluster.second).sub("**");
        for (int i = 0; i < 30; i++) {
            change();
        }
    }

    void subscribe()
    {
        TestClient& client = cluster_.connect();
        const auto selector = *Selector::parse("a/*");
        Subscribing subscribing(cluster_.first.broker.topics(),
                                client.session(), selector, {});
        size_t left = 1 + pick(4);
        while (!subscribing.step(left)) {
            change();
            left = 1 + pick(4);
        }
        const auto made = cluster_.first.broker.subscribe(subscribing);
        assert_true(bool(made));
        for (const TopicRow& row : made->topics) {
            known_[row.path] = 0;
        }
        cluster_.first.broker.start(*made->subscription);
        for (int i = 0; i < 10; i++) {
            change();
            follow(client);
        }
        cluster_.run();
        follow(client);
        check();
    }

private:
    size_t pick(size_t n) { return random_() / 8 % n; }

    void change()
    {
        const std::string topic = "a/" + std::to_string(pick(kTopics));
        switch (pick(6)) {
        case 0:
        case 1:
            (void)cluster_.zone.remove(topic);
            break;
        case 2:
            cluster_.first.broker.read_inbox();
            break;
        case 3:
            cluster_.first.broker.run();
            break;
        default:
            cluster_.zone.put(topic, "x");
        }
    }

    void follow(TestClient& client)
    {
        for (const ServerFrame& frame : client.take_frames()) {
            json_error_t error;
            json_t* said = json_loads(frame.payload.c_str(), 0, &error);
            const std::string op =
                json_string_value(json_object_get(said, "op"));
            const std::string topic =
                json_string_value(json_object_get(said, "topic"));
            if (op == "gone") {
                known_.erase(topic);
            } else if (op == "topic") {
                known_[topic] = 0;
            } else if (op == "msg") {
                assert_true(known_.contains(topic));
                const auto seq = static_cast<uint64_t>(
                    json_integer_value(json_object_get(said, "seq")));
                assert_true(seq > known_[topic]);
                known_[topic] = seq;
            } else {
                fail_msg("%s", frame.payload.c_str());
            }
            json_decref(said);
        }
    }

    void check()
    {
        std::vector<TopicRow> rows;
        cluster_.zone.store->topics.list(*Selector::parse("a/*"), {}, 100,
                                         rows);
        assert_int_equal(known_.size(), rows.size());
        for (const TopicRow& row : rows) {
            assert_int_equal(known_[row.path], row.newest.seq);
        }
    }

    std::minstd_rand random_;
    Cluster& cluster_;
    std::map<std::string, uint64_t> known_; // the last seq of each
};

void test_random(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    for (unsigned seed = 1; seed <= 300; seed++) {
        Run run(seed, cluster);
        run.subscribe();
        cluster.clients.clear();
        cluster.run();
        assert_text(cluster.zone.fault(), "");
    }
}

// Given up half way, by some of those who want the same.
void test_given_up(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& other = cluster.connect();
    other.sub("**");
    for (int i = 0; i < 20; i++) {
        cluster.zone.put("a/" + std::to_string(i), "x");
    }
    cluster.run();
    TestClient& client = cluster.connect();
    const auto selector = *Selector::parse("a/*");
    Broker& broker = cluster.first.broker;
    for (int steps = 0; steps < 40; steps++) {
        Subscribing stays(broker.topics(), client.session(), selector, {});
        {
            Subscribing goes(broker.topics(), other.session(), selector, {});
            for (int i = 0; i < steps; i++) {
                size_t left = 2;
                (void)goes.step(left);
            }
        }
        for (size_t left = 2; !stays.step(left); left = 2) {
        }
        const auto made = broker.subscribe(stays);
        assert_int_equal(made->topics.size(), 20);
        assert_true(broker.unsubscribe(client.session(), "a/*") ==
                    Broker::Unsubscribed::done);
        cluster.first.run();
    }
    assert_int_equal(cluster.zone.put("a/1", "y").subscribers, 1);
}

std::string numbered(size_t i)
{
    std::string digits = std::to_string(i);
    digits.insert(0, 5 - digits.size(), '0');
    return "a/" + digits;
}

// Topics that go after they were listed, and before they become local, leave
// nothing in the zone.
void test_gone_before_they_are_local(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    for (size_t i = 0; i < 10; i++) {
        cluster.zone.put(numbered(i), "x");
    }
    TestClient& client = cluster.connect();
    const auto selector = *Selector::parse("a/**");
    Subscribing subscribing(cluster.first.broker.topics(), client.session(),
                            selector, {});
    size_t left = SIZE_MAX;
    for (int i = 0; i < 3; i++) {
        assert_false(subscribing.step(left)); // link, positions, list
    }
    for (size_t i = 0; i < 10; i++) {
        assert_true(*cluster.zone.remove(numbered(i)));
    }
    while (!subscribing.step(left)) {
    }
    const auto made = cluster.first.broker.subscribe(subscribing);
    assert_int_equal(made->topics.size(), 0);
    cluster.first.broker.start(*made->subscription);
    cluster.run();
    assert_null(cluster.zone.header->first[0]);
    // They may come again.
    cluster.zone.put(numbered(1), "y");
    cluster.run();
    assert_true(client.take().ends_with(msg(numbered(1), 1, "y")));
}

// The reply names the first topics only. One of them goes and another comes,
// behind all the rest, before it is given: no topic between is passed over.
void test_new_behind_what_is_listed(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    constexpr size_t kAll = kMaxListedTopics + 10;
    ClientOptions options;
    options.limits.queue_bytes = 16UL * 1024 * 1024;
    TestClient& other = cluster.connect(options);
    other.sub("a/**");
    for (size_t i = 0; i < kAll; i++) {
        cluster.zone.put(numbered(i), "x");
    }
    cluster.run();
    TestClient& client = cluster.connect(options);
    const auto selector = *Selector::parse("a/**");
    Subscribing subscribing(cluster.first.broker.topics(), client.session(),
                            selector, {});
    size_t left = SIZE_MAX;
    while (cluster.zone.header->totals.topics == kAll) {
        assert_false(subscribing.step(left));
        if (left < SIZE_MAX - kMaxListedTopics) { // it has listed them
            assert_true(*cluster.zone.remove(numbered(3)));
        }
    }
    cluster.zone.put("a/99999", "x");
    cluster.run();
    while (!subscribing.step(left)) {
    }
    const auto made = cluster.first.broker.subscribe(subscribing);
    std::set<std::string> known;
    for (const TopicRow& row : made->topics) {
        known.insert(row.path);
    }
    cluster.first.broker.start(*made->subscription);
    cluster.run();
    const std::string text = client.take();
    for (size_t i = 0; i < kAll; i++) {
        const std::string notice =
            R"({"op":"topic","topic":")" + numbered(i) + '"';
        assert_true(i == 3 || known.contains(numbered(i)) ||
                    text.find(notice) != std::string::npos);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_given_up, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_gone_before_they_are_local,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_new_behind_what_is_listed,
                                        make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
