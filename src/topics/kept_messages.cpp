#include "topics/kept_messages.hpp"

#include <algorithm>

#include "topics/forks.hpp"
#include "topics/numbers.hpp"
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

// The number of the message before `seq`; 0: there was none.
uint64_t number_before(Topic& topic, uint64_t seq)
{
    if (seq == 1) {
        return 0;
    }
    const Item* item = TopicLog::first_from(topic, seq - 1);
    return item != nullptr && item->seq == seq - 1 ? item->number
                                                   : topic.dropped;
}

// The same for a reader that has all up to that number of the zone. Who knows
// which of the lost ones he has: all before the first kept are named.
uint64_t start_behind(Topic& topic, uint64_t first, uint64_t number,
                      ReadAnswer& answer)
{
    if (number_before(topic, first) > number) {
        answer.found = false;
        answer.lost_from = 1;
        answer.lost_to = first - 1;
        return first;
    }
    uint64_t start = topic.seq + 1;
    for (const Item* item = topic.tail;
         item != nullptr && start > first && item->number > number;
         item = item->prev) {
        start = item->seq;
    }
    return start;
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
    auto kind = from.kind;
    if (kind == ReadFrom::Kind::number &&
        known_number(TopicLog::newest(*topic)) == 0) {
        kind = ReadFrom::Kind::value;
    }
    switch (kind) {
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
    case ReadFrom::Kind::number:
        start = start_behind(*topic, first_kept_seq(*topic, ticks_ms),
                             from.number, answer);
        break;
    }
    if (start > topic->seq) {
        return answer;
    }
    Item* item = TopicLog::first_from(*topic, start);
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
