// A zone that is replaced by what other hosts have, while clients are
// subscribed: each goes on where it had come to.
#include <string>
#include <string_view>
#include <utility>

#include "support/asserts.hpp"
#include "support/clients.hpp"
#include "support/words.hpp"
#include "topics/emptying.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_writer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint64_t kReplacing = 17;
constexpr uint64_t kJump = 1000;

int make_host(void** state)
{
    const int made = make_cluster(state);
    ZoneHeader& header = *state_of<Cluster>(state).zone.header;
    header.replica.on = true;
    header.replica.last = {kTestNowMs, 0};
    header.replica.time_ms = kTestNowMs;
    header.replica.swept_ms = kTestNowMs;
    header.replica.next_local_epoch = kLocalEpochs;
    header.cluster.state = ClusterState::following;
    return made;
}

// What the zone has now, as another host would give it.
std::string saved(Cluster& cluster)
{
    std::string text;
    SnapshotWriter writer(cluster.zone.store->topics.parts(), {},
                          SnapshotWriter::Of::log);
    while (writer.step(text)) {
    }
    return text;
}

using Loss = Emptying::Loss;

void begin_replacing(Cluster& cluster, Loss loss)
{
    Store& store = *cluster.zone.store;
    store.following.set_state(ClusterState::joining);
    Emptying emptying(store.topics.parts(), kReplacing, loss);
    auto state = Emptying::State::more;
    while (state == Emptying::State::more) {
        state = emptying.step();
        cluster.run(); // nobody gets anything of it
    }
    assert_true(state == Emptying::State::done);
}

void end_replacing(Cluster& cluster, std::string_view with)
{
    Store& store = *cluster.zone.store;
    auto found = survey(with);
    assert_true(found.has_value());
    SnapshotLoader loader(store.topics.parts(), with, std::move(*found),
                          kReplacing);
    auto state = SnapshotLoader::State::more;
    while (state == SnapshotLoader::State::more) {
        state = loader.step();
        cluster.run();
    }
    assert_true(state == SnapshotLoader::State::done);
}

void serve(Cluster& cluster)
{
    cluster.zone.store->following.set_state(ClusterState::following);
    cluster.run();
}

void replace(Cluster& cluster, std::string_view with, Loss loss)
{
    begin_replacing(cluster, loss);
    end_replacing(cluster, with);
    serve(cluster);
}

std::string reset(std::string_view topic)
{
    return R"({"op":"gone","topic":")" + std::string(topic) +
           R"(","reason":"reset"})";
}

std::string forked(std::string_view topic, int epoch, int seq, int was)
{
    std::string text = notice(topic, epoch, seq);
    text.pop_back();
    return text + R"(,"was":")" + std::to_string(was) + "\"}";
}

// Two that have seen all there is, by name and by selector, on two workers.
struct Readers {
    explicit Readers(Cluster& cluster)
        : one(cluster.connect()), other(cluster.connect(cluster.second))
    {
        one.sub("a/1");
        other.sub("a/*");
        cluster.run();
        (void)one.take();
        (void)other.take();
    }
    void expect(std::string_view said)
    {
        assert_text(one.take(), said);
        assert_text(other.take(), said);
    }

    TestClient& one;
    TestClient& other;
};

void test_nothing_was_missed(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    Readers readers(cluster);
    const std::string text = saved(cluster);
    for (const Loss loss : {Loss::none, Loss::possible, Loss::rewound}) {
        replace(cluster, text, loss);
        readers.expect("");
    }
    fill(cluster, "a/1", 1, 9);
    cluster.run();
    readers.expect(msg("a/1", 3));
}

void test_what_was_missed_comes(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    Readers readers(cluster);
    fill(cluster, "a/1", 3, 9);
    const std::string text = saved(cluster);
    begin_replacing(cluster, Loss::none);
    end_replacing(cluster, text);
    fill(cluster, "a/1", 1, 9); // came after the snapshot
    cluster.run();
    readers.expect("");
    serve(cluster);
    readers.expect(msgs("a/1", 3, 6));
}

void test_some_of_it_is_not_kept(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 2);
    Readers readers(cluster);
    fill(cluster, "a/1", 7, 2);
    const std::string text = saved(cluster);
    replace(cluster, text, Loss::none);
    const std::string expected = gap("a/1", 3, 7) + '\n' + msgs("a/1", 8, 9);
    readers.expect(expected);
}

// Who fills the zone dies, and the next one finds that the log has lost what
// the first had found there.
void test_lost_since_it_was_displaced(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    const std::string text = saved(cluster);
    fill(cluster, "a/1", 1, 9);
    Readers readers(cluster);
    begin_replacing(cluster, Loss::none);
    replace(cluster, text, Loss::rewound);
    readers.expect(reset("a/1") + '\n' + notice("a/1", 0, 1) + '\n' +
                   msg("a/1", 2));
}

void test_none_of_it_is_kept(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    cluster.zone.put("a/1", "1", keeping_nothing());
    Readers readers(cluster);
    cluster.zone.put("a/1", "2", keeping_nothing());
    cluster.zone.put("a/1", "3", keeping_nothing());
    const std::string text = saved(cluster);
    replace(cluster, text, Loss::none);
    readers.expect(gap("a/1", 2, 3));
    cluster.zone.put("a/1", "4", keeping_nothing());
    cluster.run();
    readers.expect(msg("a/1", 4));
}

// Who has seen what is lost is told so, and gets the value; who has not goes
// on, whatever the epoch is then.
void test_lost(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    fill(cluster, "b", 2, 9);
    const std::string text = saved(cluster);
    Readers readers(cluster);
    TestClient& lucky = cluster.connect();
    lucky.sub("b");
    fill(cluster, "a/1", 2, 9);
    cluster.run();
    (void)readers.one.take();
    (void)readers.other.take();
    (void)lucky.take();
    replace(cluster, text, Loss::rewound);
    readers.expect(reset("a/1") + '\n' + notice("a/1", 0, 1) + '\n' +
                   msg("a/1", 2));
    assert_text(lucky.take(), "");

    cluster.zone.store->topics.begin_term(kJump);
    fill(cluster, "a/1", 1, 9);
    fill(cluster, "b", 1, 9);
    cluster.run();
    readers.expect(forked("a/1", kJump + 2, 2, 0) + '\n' + msg("a/1", 3));
    assert_text(lucky.take(),
                forked("b", kJump + 3, 2, 1) + '\n' + msg("b", 3));
}

void test_lost_to_the_last(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    const std::string text = saved(cluster);
    fill(cluster, "a/1", 2, 9);
    Readers readers(cluster);
    replace(cluster, text, Loss::rewound);
    readers.expect(reset("a/1"));
    cluster.zone.store->topics.begin_term(kJump);
    fill(cluster, "a/1", 1, 9);
    cluster.run();
    readers.expect(notice("a/1", kJump, 0) + '\n' + msg("a/1", 1));
}

void test_removed_meanwhile(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    Readers readers(cluster);
    const std::string before = saved(cluster);
    begin_replacing(cluster, Loss::none);
    end_replacing(cluster, before);
    (void)cluster.zone.remove("a/1");
    fill(cluster, "a/1", 3, 9); // another one
    fill(cluster, "a/2", 2, 9);
    serve(cluster);
    const std::string another =
        gone("a/1") + '\n' + notice("a/1", 1, 2) + '\n' + msg("a/1", 3);
    assert_text(readers.one.take(), another);
    assert_text(readers.other.take(), another + '\n' + notice("a/2", 2, 0) +
                                          '\n' + msgs("a/2", 1, 2));
}

// Of what a host had not read when the zone was replaced nothing comes twice,
// nor is that of another branch.
void test_unread(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    Readers readers(cluster);
    const std::string text = saved(cluster);
    fill(cluster, "a/1", 2, 9); // is unread, and lost
    begin_replacing(cluster, Loss::rewound);
    end_replacing(cluster, text);
    fill(cluster, "a/1", 1, 9);
    serve(cluster);
    readers.expect(msg("a/1", 3));
}

void test_commands_meanwhile(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 1, 9);
    Readers readers(cluster);
    const std::string text = saved(cluster);
    begin_replacing(cluster, Loss::none);
    readers.one.say(R"({"id":1,"op":"sub","topic":"a/2"})");
    assert_true(readers.one.take().find(R"("code":115)") != std::string::npos);
    readers.one.say(R"({"id":2,"op":"sub","topic":"c/*"})");
    assert_true(readers.one.take().find(R"("code":115)") != std::string::npos);
    readers.one.say(R"({"id":3,"op":"unsub","topic":"a/1"})");
    assert_text(readers.one.take(), R"({"id":3,"ok":{}})");
    end_replacing(cluster, text);
    fill(cluster, "a/1", 1, 9);
    serve(cluster);
    assert_text(readers.one.take(), "");
    assert_text(readers.other.take(), msg("a/1", 2));
    readers.one.sub("a/1");
    cluster.run();
    assert_text(readers.one.take(), msg("a/1", 2));
}

// Who is in the middle of what it starts with goes on with that.
void test_amid_a_history(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 200, 300);
    fill(cluster, "a/2", 200, 300);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    for (const Loss loss : {Loss::none, Loss::possible, Loss::rewound}) {
        const std::string text = saved(cluster);
        TestClient& client = cluster.connect(options);
        client.say(
            R"({"id":1,"op":"sub","topic":"a/*","since":{"last":1000}})");
        std::string said = client.take_queued();
        begin_replacing(cluster, loss);
        end_replacing(cluster, text);
        serve(cluster);
        said += said.empty() ? "" : "\n";
        said += client.take();
        const size_t begin = said.find('\n') + 1;
        assert_text(std::string_view(said).substr(begin),
                    msgs("a/1", 1, 200) + '\n' + msgs("a/2", 1, 200));
        cluster.disconnect(client);
    }
}

// What was lost had not come to it.
void test_amid_a_history_that_loses(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 200, 300);
    fill(cluster, "a/2", 2, 300);
    const std::string text = saved(cluster);
    fill(cluster, "a/1", 20, 300);
    ClientOptions options;
    options.limits.queue_bytes = 4096;
    TestClient& client = cluster.connect(options);
    client.sub("a/1", R"(,"since":{"last":1000})");
    std::string said = client.take_queued();
    TestClient& other = cluster.connect(options);
    other.sub("a/*", R"(,"since":{"last":1000})");
    std::string told = other.take_queued();
    replace(cluster, text, Loss::rewound);
    assert_text(said + '\n' + client.take(), msgs("a/1", 1, 200));
    assert_text(told + '\n' + other.take(),
                msgs("a/1", 1, 200) + '\n' + msgs("a/2", 1, 2));
    fill(cluster, "a/1", 1, 300);
    cluster.run();
    for (TestClient* one : {&client, &other}) {
        assert_text(one->take(), msg("a/1", 201));
    }
}

// Another process has begun anew what the first one did not end.
void test_twice(void** state)
{
    Cluster& cluster = state_of<Cluster>(state);
    fill(cluster, "a/1", 2, 9);
    const std::string text = saved(cluster);
    Readers readers(cluster);
    fill(cluster, "a/1", 2, 9);
    cluster.run();
    readers.expect(msgs("a/1", 3, 4));
    begin_replacing(cluster, Loss::rewound);
    end_replacing(cluster, text);
    begin_replacing(cluster, Loss::none);
    end_replacing(cluster, text);
    serve(cluster);
    readers.expect(reset("a/1") + '\n' + notice("a/1", 0, 1) + '\n' +
                   msg("a/1", 2));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_was_missed, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_what_was_missed_comes, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_some_of_it_is_not_kept, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_lost_since_it_was_displaced,
                                        make_host, end_cluster),
        cmocka_unit_test_setup_teardown(test_none_of_it_is_kept, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_lost, make_host, end_cluster),
        cmocka_unit_test_setup_teardown(test_lost_to_the_last, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_removed_meanwhile, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_unread, make_host, end_cluster),
        cmocka_unit_test_setup_teardown(test_commands_meanwhile, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_amid_a_history, make_host,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_amid_a_history_that_loses,
                                        make_host, end_cluster),
        cmocka_unit_test_setup_teardown(test_twice, make_host, end_cluster),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
