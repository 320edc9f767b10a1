// Changes decide by themselves what comes of them: the same ones in the same
// order make the same topics in zones that differ in all else.
#include <map>
#include <random>
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int kChanges = 4000;
constexpr int64_t kFarAway = 987'654'321; // from the other zone's clock

const std::string kTopics[] = {"a", "a/1", "a/2", "a/b/c", "b", "b/1", "b/2"};

// A zone whose epochs are told from its first one on.
struct Replica {
    Replica(size_t bytes, const HashKey& key, int64_t ahead_ms)
        : zone(bytes, key), clock_ahead_ms(ahead_ms)
    {}

    // Position::epoch is counted from the zone's first one.
    std::string apply(Change change, int64_t ticks_ms)
    {
        zone.clock.now = ticks_ms + clock_ahead_ms;
        change.condition.at.epoch += first_epoch;
        const auto answer = zone.store->topics.apply(change);
        return answer
                   ? text_of(answer->at)
                   : "error " +
                         std::to_string(static_cast<int>(answer.error().code));
    }

    // All topics, with all that they keep, as seen at that time.
    std::string view(int64_t ticks_ms)
    {
        zone.clock.now = ticks_ms;
        std::string text;
        std::vector<TopicRow> rows;
        zone.store->topics.list(*Selector::parse("**"), {}, SIZE_MAX, rows);
        for (const TopicRow& row : rows) {
            text += row.path + ' ' + text_of(row.newest) + " [" +
                    zone.read(row.path) + "] ";
            zone.last(row.path, UINT32_MAX);
            for (size_t i = 0; i < zone.batch.size(); i++) {
                const Message message = zone.batch[i].message;
                text += text_of(message.at) + '@' +
                        std::to_string(message.time_ms) + '=';
                text += message.payload;
                text += ' ';
            }
            text += '\n';
        }
        return text;
    }

    [[nodiscard]] std::string text_of(const Position& at) const
    {
        return at.epoch == 0 ? "none"
                             : std::to_string(at.epoch - first_epoch) + '.' +
                                   std::to_string(at.seq);
    }

    Zone zone;
    int64_t clock_ahead_ms;
    uint64_t first_epoch = zone.header->next_epoch;
};

// Workers that read a zone, none of them all of it.
class SomeReaders {
public:
    explicit SomeReaders(Zone& zone) : zone_(zone)
    {
        zone.store->selectors.set_sessions(
            *zone.store->selectors.add(worker_, *Selector::parse("b/*")), 3);
    }

    void do_something(std::minstd_rand& random)
    {
        const std::string& topic = kTopics[random() % std::size(kTopics)];
        Interest*& interest = interests_[topic];
        switch (random() % 4) {
        case 0:
            if (interest == nullptr) {
                interest =
                    zone_.store->interests.add(worker_, topic, 1).interest;
                (void)zone_.store->presence.join(*interest, "me");
            }
            return;
        case 1:
            if (interest != nullptr) {
                zone_.store->presence.leave(*interest, "me");
                zone_.store->interests.drop(*interest);
                interest = nullptr;
            }
            return;
        default:
            (void)zone_.inbox(worker_, 100);
        }
    }
    void finish() { zone_.store->workers.detach(worker_); }

private:
    Zone& zone_;
    WorkerId worker_ = zone_.attach();
    std::map<std::string, Interest*> interests_;
};

// A topic's policy is always the same.
Policy policy_of(size_t topic)
{
    Policy policy;
    policy.retain = topic % 3 != 0;
    policy.history = static_cast<uint32_t>(topic % 5 * 3);
    policy.ttl_ms = topic % 2 == 0 ? 0 : 30'000 * static_cast<int64_t>(topic);
    return policy;
}

void random_condition(std::minstd_rand& random, Condition& condition)
{
    condition.kind =
        static_cast<Condition::Kind>(random() % 2 == 0 ? 0 : random() % 4);
    condition.at = {random() % 40, 1 + random() % 5};
}

void test_same_changes_make_the_same_topics(void** /*state*/)
{
    Replica plain(1024UL * 1024, {1, 2}, 0);
    Replica other(8UL * 1024 * 1024, {77, 99}, kFarAway);
    SomeReaders readers(other.zone);
    std::minstd_rand random(7);
    int64_t ticks_ms = plain.zone.clock.now;
    std::map<std::string, int> outcomes;
    for (int i = 0; i < kChanges; i++) {
        ticks_ms += static_cast<int64_t>(random() % 4000);
        const size_t topic = random() % std::size(kTopics);
        const std::string payload = std::to_string(random() % 10);
        const std::string key = "key" + std::to_string(random() % 3);
        Change change;
        change.op = static_cast<Change::Op>(random() % 8 == 0   ? 1
                                            : random() % 4 == 0 ? 2
                                                                : 0);
        change.topic = kTopics[topic];
        change.now_ms = ticks_ms - 5;
        change.ticks_ms = ticks_ms;
        change.payload = payload;
        change.policy = policy_of(topic);
        random_condition(random, change.condition);
        if (random() % 4 == 0) {
            change.idempotency_key = key;
            change.body_hash = payload[0];
            change.key_share = static_cast<KeyShare>(random() % kKeyShares);
        }
        const std::string answer = plain.apply(change, ticks_ms);
        assert_text(other.apply(change, ticks_ms), answer);
        outcomes[answer.substr(0, answer.find('.'))]++;
        readers.do_something(random);
        if (i % 16 == 0) {
            assert_text(other.view(ticks_ms), plain.view(ticks_ms));
        }
    }
    assert_text(other.view(ticks_ms), plain.view(ticks_ms));
    // Some of each, and many lives of topics.
    assert_true(outcomes.size() > 100);
    readers.finish();
    assert_text(plain.zone.fault(), "");
    assert_text(other.zone.fault(), "");
}

// What time makes of a topic, where a change says that it is to be looked at.
void test_expire(void** state)
{
    auto& zone = state_of<Zone>(state);
    Policy policy = keeping(2);
    policy.ttl_ms = 1000;
    policy.idle_ms = 5000;
    const Position at = zone.put("a", "1", policy).at;
    Change change;
    change.op = Change::Op::expire;
    change.topic = "a";
    change.ticks_ms = zone.clock.now + 999;
    assert_true(zone.store->topics.apply(change)->at == at);
    assert_text(zone.read("a"), "1:1");
    change.ticks_ms += 1;
    assert_true(zone.store->topics.apply(change)->at == at);
    assert_text(zone.read("a"), ""); // whatever the zone's clock says
    change.ticks_ms += 4000;
    assert_true(zone.store->topics.apply(change)->at == at);
    assert_true(zone.store->topics.apply(change)->at == Position{});
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_same_changes_make_the_same_topics),
        cmocka_unit_test_setup_teardown(test_expire, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
