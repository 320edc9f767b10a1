#include "topics/logical_bytes.hpp"

#include "base/topic.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

uint64_t LogicalBytes::of_value(Topic& topic)
{
    const Item* value = topic.tail;
    if (topic.epoch == 0 || !topic.retain || value == nullptr ||
        !TopicLog::is_kept(topic, *value) || is_reserved(topic.path())) {
        return 0;
    }
    return value->content_type_bytes + uint64_t{value->payload_bytes};
}

uint64_t LogicalBytes::of(Topic& topic)
{
    return topic.epoch == 0 || is_reserved(topic.path())
               ? 0
               : of_topic(topic.path_bytes) + of_value(topic);
}

} // namespace ws_pubsub
