#include "topics/kept_messages.hpp"

#include <algorithm>

#include "topics/forks.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

namespace {

// The seqs a topic keeps: [first, newest], empty when first > newest.
uint64_t first_kept_seq(const Topic& topic, int64_t ticks_ms)
{
    const Item* head = TopicLog::skip_expired(topic, topic.head, ticks_ms);
    if (head == nullptr || topic.keep == 0 || topic.seq == 0) {
        return topic.seq + 1;
    }
    const uint64_t window =
        topic.seq >= topic.keep ? topic.seq - topic.keep + 1 : 1;
    // The log has no holes: items leave at its head only.
    const uint64_t present = TopicLog::is_current(topic, *head) ? head->seq : 1;
    return std::max(window, present);
}

// Fills in what is lost for a reader that has everything up to `after`, and
// returns the first seq for it. `first`: that is kept.
uint64_t start_after(const Topic& topic, uint64_t first, const Position& after,
                     ReadAnswer& answer)
{
    answer.known = Forks::is_known(topic, after);
    if (answer.known && after.epoch != topic.epoch) {
        answer.was = after.epoch;
    }
    const uint64_t wanted = answer.known ? after.seq + 1 : 1;
    answer.found = answer.known && wanted >= first;
    if (wanted < first) {
        answer.lost_from = wanted;
        answer.lost_to = first - 1;
    }
    return std::max(wanted, first);
}

} // namespace

ReadAnswer read_kept(Topic* topic, const ReadFrom& from,
                     const ReadLimits& limits, int64_t ticks_ms, Batch& out)
{
    ReadAnswer answer;
    if (topic == nullptr || topic->epoch == 0) {
        answer.known = from.kind != ReadFrom::Kind::after;
        answer.found = answer.known;
        return answer;
    }
    const bool has_value = TopicLog::value(*topic, ticks_ms) != nullptr;
    answer.newest = position_of(*topic);
    answer.expired = topic->retain && !has_value;
    uint64_t start = topic->seq + 1;
    switch (from.kind) {
    case ReadFrom::Kind::nothing:
        break;
    case ReadFrom::Kind::value:
        start = has_value ? topic->seq : start;
        break;
    case ReadFrom::Kind::last:
        start = std::max(first_kept_seq(*topic, ticks_ms),
                         from.last <= topic->seq ? start - from.last : 1);
        break;
    case ReadFrom::Kind::after:
        start = start_after(*topic, first_kept_seq(*topic, ticks_ms),
                            from.after, answer);
        break;
    }
    if (start > topic->seq) {
        return answer;
    }
    // The newest message is the tail, and positions go in step with seqs.
    Item* item = TopicLog::first_after(*topic, topic->tail->pos -
                                                   (topic->seq - start) - 1);
    for (size_t count = 0; item != nullptr; item = item->next, count++) {
        if (count == limits.items ||
            (count > 0 && out.bytes() + item->payload_bytes > limits.bytes)) {
            answer.more = true;
            break;
        }
        out.add(*item, topic->epoch);
    }
    return answer;
}

} // namespace ws_pubsub
