// Random publishing, removing, subscribing and reading, with small queues and
// two workers: every client follows what it is told, and no message may come
// twice, out of order, or be missing without a gap.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <jansson.h>

#include "base/position_text.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kQueueBytes = 1500;

// What a client knows of a topic.
struct Known {
    uint64_t last = 0; // seq of the last message
    bool any = true;   // none came yet: it begins with any of them
    uint64_t epoch = 0;
    // It took the place of another one, by the last that was told of that: a
    // topic that forks and is removed at once is told of as a new one.
    bool replaced = false;
};

// Checks what one subscription brings.
class Follower {
public:
    // Empty, or what is wrong.
    std::string take(const std::string& line)
    {
        json_error_t error;
        json_t* object = json_loads(line.c_str(), 0, &error);
        if (object == nullptr) {
            return "no JSON: " + line;
        }
        const std::string problem = follow(object);
        json_decref(object);
        return problem.empty() ? "" : problem + ": " + line;
    }

    std::map<std::string, Known> topics;
    bool gaps_allowed = false;

private:
    static uint64_t number(const json_t* object, const char* name)
    {
        return static_cast<uint64_t>(
            json_integer_value(json_object_get(object, name)));
    }

    std::string follow(const json_t* object)
    {
        const char* op = json_string_value(json_object_get(object, "op"));
        if (op == nullptr) {
            const json_t* rows =
                json_object_get(json_object_get(object, "ok"), "topics");
            for (size_t i = 0; i < json_array_size(rows); i++) {
                const json_t* row = json_array_get(rows, i);
                // Another subscription may have brought it already.
                topics.try_emplace(
                    json_string_value(json_object_get(row, "topic")),
                    Known{0, true, epoch(row, "epoch"), false});
            }
            return json_object_get(object, "ok") != nullptr ? "" : "error";
        }
        const std::string kind = op;
        const std::string topic =
            json_string_value(json_object_get(object, "topic"));
        if (kind == "topic") {
            return begin(object, topics[topic]);
        }
        if (kind == "gone") {
            topics.erase(topic); // also of a life that nothing was told of
            return "";
        }
        const auto found = topics.find(topic);
        if (found == topics.end()) {
            return "of an unknown topic";
        }
        return kind == "gap" ? gap(object, found->second)
                             : message(object, found->second);
    }

    static uint64_t epoch(const json_t* object, const char* name)
    {
        const json_t* member = json_object_get(object, name);
        return member == nullptr
                   ? 0
                   : parse_epoch(json_string_value(member)).value_or(0);
    }

    // A topic that has come to be, or goes on under another epoch.
    static std::string begin(const json_t* object, Known& known)
    {
        const uint64_t now = epoch(object, "epoch");
        if (const uint64_t was = epoch(object, "was")) {
            const bool follows = known.epoch == was || known.epoch == now;
            known.epoch = now;
            return follows ? "" : "forked from another epoch";
        }
        known = {0, true, now, known.epoch != 0};
        return "";
    }

    std::string gap(const json_t* object, Known& known) const
    {
        const uint64_t from = number(object, "from");
        const uint64_t to = number(object, "to");
        if (!gaps_allowed && !known.replaced) {
            return "a gap without need";
        }
        if (from > to || (!known.any && from != known.last + 1)) {
            return "a gap elsewhere than after " + std::to_string(known.last);
        }
        known = {to, false, known.epoch, false};
        return "";
    }

    static std::string message(const json_t* object, Known& known)
    {
        const uint64_t seq = number(object, "seq");
        if (!known.any && seq != known.last + 1) {
            return "not after " + std::to_string(known.last);
        }
        known = {seq, false, known.epoch, false};
        return "";
    }
};

// A client with a subscription, or several that overlap.
struct Subscriber {
    TestWorker* worker = nullptr;
    TestClient* client = nullptr;
    std::vector<std::string> selectors;
    Follower follower;
};

class Run {
public:
    Run(unsigned seed, Cluster& cluster, size_t room)
        : random_(seed), cluster_(cluster), subscribers_(6), room_(room)
    {
        cluster.policies.add(*Selector::parse("**"),
                             keeping(room > 0 ? 6 : 1000));
        for (Subscriber& one : subscribers_) {
            connect(one);
        }
        if (room_ > 0) {
            leave_room(cluster_.zone);
        }
    }

    // Messages have little; subscribers have what they need.
    void leave_room(Zone& zone) const
    {
        constexpr size_t kForSubscribers = 20'000;
        zone.leave_room(room_ + kForSubscribers);
        zone.header->shares.subscribers = kForSubscribers;
        zone.header->shares.held_only = kForSubscribers / 2;
    }

    void step()
    {
        Subscriber& one = subscribers_[pick(subscribers_.size())];
        switch (pick(16)) {
        case 0:
            (void)one.worker->store.topics.remove(topic(), kTestNowMs);
            return;
        case 1:
            return connect(one);
        case 2:
            return subscribe(one);
        case 3:
        case 4:
        case 5:
            return read(one);
        case 6:
        case 7:
            one.worker->broker.read_inbox();
            return;
        case 8:
            one.worker->run();
            return;
        case 9:
            // What lags behind more than so many is not known to be the same.
            if (pick(4) == 0 && terms_ < kMaxForkPoints) {
                one.worker->store.topics.begin_term(1000);
                terms_++;
            }
            return;
        default:
            (void)one.worker->broker.publisher().publish(
                Zone::publication(topic(), std::string(pick(40), 'x')));
        }
    }

    // Everybody reads to the end, and then knows all there is.
    void finish()
    {
        cluster_.run();
        for (Subscriber& one : subscribers_) {
            do {
                read(one);
                one.worker->run();
            } while (!one.client->closed() && !has_all(one));
            if (!one.client->closed()) {
                check_complete(one);
            }
        }
    }

private:
    size_t pick(size_t n) { return random_() / 8 % n; }
    std::string topic()
    {
        const size_t n = pick(12);
        return (n % 3 == 0 ? "a/" : "b/") + std::to_string(n);
    }

    void connect(Subscriber& one)
    {
        if (one.client != nullptr) {
            cluster_.disconnect(*one.client);
        }
        one = {};
        one.follower.gaps_allowed = room_ > 0;
        one.worker = pick(2) == 0 ? &cluster_.first : &cluster_.second;
        ClientOptions options;
        options.limits.queue_bytes = kQueueBytes;
        one.client = &cluster_.connect(*one.worker, options);
        subscribe(one);
    }

    void subscribe(Subscriber& one)
    {
        static const char* const kSelectors[] = {"a/*", "b/*", "**", "a/0",
                                                 "b/1"};
        static const char* const kStarts[] = {"", R"(,"since":{"last":3})",
                                              R"(,"since":{"last":9})"};
        const std::string selector = kSelectors[pick(std::size(kSelectors))];
        if (one.client->session().stopped() ||
            std::find(one.selectors.begin(), one.selectors.end(), selector) !=
                one.selectors.end()) {
            return;
        }
        one.client->say(R"({"id":1,"op":"sub","topic":")" + selector + '"' +
                        kStarts[pick(std::size(kStarts))] + '}');
        one.selectors.push_back(selector);
    }

    void read(Subscriber& one)
    {
        for (const ServerFrame& frame : one.client->take_frames()) {
            const std::string problem = one.follower.take(frame.payload);
            if (!problem.empty()) {
                fail_msg("%s", problem.c_str());
            }
        }
        one.worker->broker.resume(one.client->session());
    }

    static bool has_all(const Subscriber& one)
    {
        Session& session = one.client->session();
        return !session.seat().is_catching_up() && session.outbox().empty();
    }

    void check_complete(const Subscriber& one)
    {
        for (const std::string& selector : one.selectors) {
            std::vector<TopicRow> rows;
            cluster_.zone.store->topics.list(*Selector::parse(selector), {},
                                             100, rows);
            for (const TopicRow& row : rows) {
                const auto found = one.follower.topics.find(row.path);
                if (found == one.follower.topics.end() ||
                    found->second.last != row.newest.seq) {
                    fail_msg("%s was not followed to %d", row.path.c_str(),
                             static_cast<int>(row.newest.seq));
                }
            }
        }
        for (const auto& [path, known] : one.follower.topics) {
            assert_true(cluster_.zone.exists(path));
            assert_true(cluster_.zone.store->topics.is_known(
                path, {known.epoch, known.last}));
        }
    }

    std::minstd_rand random_;
    Cluster& cluster_;
    std::vector<Subscriber> subscribers_;
    size_t room_;
    size_t terms_ = 0; // that have begun
};

void run_seeds(size_t room)
{
    for (unsigned seed = 1; seed <= 100; seed++) {
        Cluster cluster;
        Run run(seed, cluster, room);
        for (int i = 0; i < 600; i++) {
            run.step();
        }
        run.finish();
        assert_text(cluster.zone.fault(), "");
        cluster.clients.clear();
        cluster.run();
    }
}

void test_with_room(void** /*state*/)
{
    run_seeds(0);
}

void test_in_a_full_zone(void** /*state*/)
{
    run_seeds(8000);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_with_room),
        cmocka_unit_test(test_in_a_full_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
