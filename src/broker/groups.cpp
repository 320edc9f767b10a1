#include "broker/groups.hpp"

namespace ws_pubsub {

void keep_latest_if_wanted(LocalTopic& topic, DeltaMaker& deltas)
{
    bool latest = topic.policy.conflate != Conflate::off;
    bool texts = false;
    for (const Group* group : topic.groups) {
        latest |= group->wants_latest;
        texts |= group->wants_texts;
    }
    if (topic.latest == nullptr && (latest || texts)) {
        topic.latest = std::make_unique<Latest>(deltas);
    }
    if (texts) {
        topic.latest->want_texts();
    }
}

} // namespace ws_pubsub
