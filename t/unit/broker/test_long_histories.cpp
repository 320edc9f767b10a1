// A history that takes several turns, of a topic that others have not got all
// of when one of those turns comes: what was sent before is not sent again.
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/words.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int kKept = 100;      // messages, when it begins
constexpr int kMore = 100;      // that come amid it
constexpr uint32_t kKeep = 999; // the policy keeps all of them
constexpr size_t kQueue = 4096; // less than the kept ones

const std::string kText(1100, 'x'); // each is delivered alone

TestClient& connect(Cluster& cluster)
{
    ClientOptions options;
    options.limits.queue_bytes = kQueue;
    return cluster.connect(options);
}

void put_more(Cluster& cluster)
{
    for (int i = 0; i < kMore; i++) {
        cluster.zone.put("a", kText, keeping(kKeep));
    }
}

// From that one on, with what came amid it.
std::string expected(int first)
{
    std::string text = msgs("a", first, kKept);
    for (int i = 1; i <= kMore; i++) {
        text += '\n' + msg("a", kKept + i, kText);
    }
    return text;
}

// How to begin with that message.
std::string beginning_with(int first, const Position& newest)
{
    return first % 2 == 0
               ? R"(,"since":)" +
                     since({newest.epoch, static_cast<uint64_t>(first) - 1})
               : R"(,"since":{"last":)" + std::to_string(kKept - first + 1) +
                     '}';
}

// More is unread than one turn delivers.
void test_more_than_a_turn_delivers(void** state)
{
    constexpr size_t kClients = 400;
    Cluster& cluster = state_of<Cluster>(state);
    std::vector<TestClient*> others;
    for (size_t i = 0; i < kClients; i++) {
        others.push_back(&cluster.connect());
        others.back()->sub("a");
        others.back()->transport().room = SIZE_MAX;
    }
    for (const int first : {1, 4, 7}) {
        const Position newest = fill(cluster, "a", kKept, kKeep);
        cluster.run();
        TestClient& client = connect(cluster);
        client.sub("a", beginning_with(first, newest));
        std::string got = client.take_queued();
        assert_true(got.starts_with(msg("a", first)));
        put_more(cluster);
        cluster.first.broker.resume(client.session());
        assert_true(client.session().outbox().empty());
        cluster.run();
        got += '\n' + client.take();
        assert_text(got, expected(first));
        cluster.disconnect(client);
        assert_true(*cluster.zone.remove("a"));
    }
}

// Deliveries are held for somebody else.
void test_deliveries_are_held(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    for (const int first : {1, 4, 7}) {
        TestClient& reader = connect(cluster);
        reader.sub("a", R"(,"since":"new")");
        const Position newest = fill(cluster, "a", kKept, kKeep);
        reader.transport().room = SIZE_MAX;
        cluster.run();
        TestClient& client = connect(cluster);
        client.sub("a", beginning_with(first, newest));
        std::string got = client.take_queued();
        assert_true(got.starts_with(msg("a", first)));
        reader.transport().room = 1;
        put_more(cluster);
        cluster.run();
        cluster.first.broker.resume(client.session());
        assert_true(client.session().outbox().empty());
        reader.transport().room = SIZE_MAX;
        reader.transport().offer();
        cluster.first.broker.caught_up(reader.session());
        cluster.run();
        got += '\n' + client.take();
        assert_text(got, expected(first));
        assert_false(reader.closed());
        cluster.disconnect(reader);
        cluster.disconnect(client);
        assert_true(*cluster.zone.remove("a"));
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_more_than_a_turn_delivers,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_deliveries_are_held, make_cluster,
                                        end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
