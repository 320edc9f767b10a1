// A message into the zone.
#include "callgrind/script.hpp"
#include "callgrind/zone.hpp"

namespace ws_bench {

namespace {

const std::string kPayload(64, 'x');

// By turns into so many topics, each with `history` messages kept.
class Publish final : public Job {
public:
    Publish(size_t topics, uint32_t history)
    {
        if (history > 0) {
            zone_.policies.add(*ws_pubsub::Selector::parse("**"),
                               {true, history});
        }
        for (size_t i = 0; i < topics; i++) {
            topics_.push_back(numbered("prices/fx/", i));
            zone_.publish(topics_.back(), kPayload);
        }
        for (uint32_t i = 0; i < history; i++) {
            zone_.publish(topics_[0], kPayload);
        }
    }
    void run() override
    {
        zone_.publish(topics_[next_++ * kStride % topics_.size()], kPayload);
    }

private:
    static constexpr size_t kStride = 7919; // a prime: not in path order

    Zone zone_;
    std::vector<std::string> topics_;
    size_t next_ = 0;
};

// A topic that was not there, among 10,000 that are.
class PublishNew final : public Job {
public:
    explicit PublishNew(size_t selectors)
    {
        for (size_t i = 0; i < kTopics; i++) {
            zone_.publish(numbered("a/", i), kPayload);
        }
        for (size_t i = 0; i < selectors; i++) {
            zone_.store.selectors.add(
                zone_.worker,
                *ws_pubsub::Selector::parse(numbered("s/", i) + "/**"));
        }
    }
    void run() override { zone_.publish(numbered("b/", next_++), kPayload); }

private:
    static constexpr size_t kTopics = 10'000;

    Zone zone_;
    size_t next_ = 0;
};

} // namespace

std::vector<Script> publish_scripts()
{
    return {
        {"publish, 64 B, one topic",
         "the topic's hash and look-up, one block for the message, the undo "
         "log's entries, and the old value's release",
         1000, 1, make_job<Publish, 1, 0U>},
        {"publish, 64 B, history of 100",
         "as above; the oldest of the history goes instead of the old value",
         1000, 1, make_job<Publish, 1, 100U>},
        {"publish, 64 B, 100,000 topics",
         "as with one topic: the look-up does not grow", 1000, 1,
         make_job<Publish, 100'000, 0U>},
        {"publish, 64 B, a new topic among 10,000",
         "a block for the topic, its places in the hash table and in the path "
         "order, and then as above",
         1000, 1, make_job<PublishNew, 0>},
        {"publish, 64 B, a new topic, 10,000 selectors of others",
         "as above, and a look-up for each prefix of the path: selectors that "
         "begin otherwise are not looked at",
         1000, 1, make_job<PublishNew, 10'000>},
    };
}

} // namespace ws_bench
