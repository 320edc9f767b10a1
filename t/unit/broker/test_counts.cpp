// How many sessions a publisher is told of: each counts once in a topic,
// however many of its selectors match, in whatever order they come and go.
#include <array>
#include <random>
#include <set>
#include <string>

#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr std::array kSelectors = {"**",  "a/**", "a/*",   "a/1", "*/1",
                                   "*/*", "b/1",  "b/*/x", "a/2"};
constexpr std::array kTopics = {"a/1", "a/2", "b/1", "b/1/x", "c"};

struct Follower {
    TestClient* client = nullptr;
    std::set<std::string> selectors;
};

uint32_t expected(const std::array<Follower, 4>& followers,
                  std::string_view topic)
{
    uint32_t count = 0;
    for (const Follower& follower : followers) {
        bool follows = false;
        for (const std::string& selector : follower.selectors) {
            follows |= selector_matches(selector, topic);
        }
        count += follows ? 1 : 0;
    }
    return count;
}

TestWorker& worker_of(Cluster& cluster, size_t follower)
{
    return follower % 2 == 0 ? cluster.first : cluster.second;
}

void subscribe_or_not(Follower& follower, const std::string& selector)
{
    const bool has = follower.selectors.contains(selector);
    follower.client->say(std::string(R"({"op":")") + (has ? "unsub" : "sub") +
                         R"(","topic":")" + selector + "\"}");
    if (has) {
        follower.selectors.erase(selector);
    } else {
        follower.selectors.insert(selector);
    }
}

void test_random(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    std::array<Follower, 4> followers;
    for (size_t i = 0; i < followers.size(); i++) {
        followers[i].client = &cluster.connect(worker_of(cluster, i));
    }
    std::mt19937 random(7); // NOLINT: the same each time
    for (int step = 0; step < 2000; step++) {
        const size_t who = random() % followers.size();
        Follower& follower = followers[who];
        const std::string topic = kTopics[random() % kTopics.size()];
        switch (random() % 8) {
        case 0:
            cluster.disconnect(*follower.client);
            follower = {&cluster.connect(worker_of(cluster, who)), {}};
            break;
        case 1:
            static_cast<void>(cluster.zone.remove(topic));
            break;
        default:
            subscribe_or_not(follower,
                             kSelectors[random() % kSelectors.size()]);
            break;
        }
        cluster.run();
        // The first message of a new topic, or one more.
        assert_int_equal(cluster.zone.put(topic, "x").subscribers,
                         expected(followers, topic));
        cluster.run();
        assert_int_equal(cluster.zone.put(topic, "x").subscribers,
                         expected(followers, topic));
        cluster.run();
        for (const Follower& each : followers) {
            each.client->take();
        }
    }
}

// Whoever reads in the status that the last one has left is told the same by a
// publish: at once, not a turn later.
void test_who_has_left_is_not_counted(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    TestClient& client = cluster.connect();
    client.sub("a");
    assert_int_equal(cluster.zone.put("a", "x").subscribers, 1);
    client.client().leave();
    assert_int_equal(cluster.zone.put("a", "x").subscribers, 0);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_who_has_left_is_not_counted,
                                        make_cluster, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
