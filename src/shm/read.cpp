#include <algorithm>

#include "shm/store.hpp"
#include "shm/topic_log.hpp"

namespace ws_pubsub {

namespace {

// Topics looked at in one hold of the lock.
constexpr size_t kScanStep = 512;

// The seqs a topic keeps: [first, newest], empty when first > newest.
uint64_t first_kept_seq(const Topic& topic, int64_t now_ms)
{
    const Item* head = TopicLog::skip_expired(topic, topic.head, now_ms);
    if (head == nullptr || topic.keep == 0 || topic.seq == 0) {
        return topic.seq + 1;
    }
    const uint64_t window =
        topic.seq >= topic.keep ? topic.seq - topic.keep + 1 : 1;
    // The log has no holes: items leave at its head only.
    const uint64_t present = head->epoch == topic.epoch ? head->seq : 1;
    return std::max(window, present);
}

// Fills in what is lost for a reader that has everything up to `after`, and
// returns the first seq for it. `first`: that is kept.
uint64_t start_after(const Topic& topic, uint64_t first, const Position& after,
                     ReadAnswer& answer)
{
    const bool known = after.epoch == topic.epoch && after.seq <= topic.seq;
    const uint64_t wanted = known ? after.seq + 1 : 1;
    if (!known || wanted < first) {
        answer.found = false;
        answer.lost_from = wanted;
        answer.lost_to = first - 1;
    }
    return std::max(wanted, first);
}

} // namespace

ReadAnswer Store::read_kept(Topic* topic, const ReadFrom& from,
                            const ReadLimits& limits, Batch& out)
{
    ReadAnswer answer;
    if (topic == nullptr || topic->epoch == 0) {
        answer.found = from.kind != ReadFrom::Kind::after;
        return answer;
    }
    const int64_t now_ms = clock_.now_ms();
    const bool has_value = TopicLog::value(*topic, now_ms) != nullptr;
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
        start = std::max(first_kept_seq(*topic, now_ms),
                         from.last <= topic->seq ? start - from.last : 1);
        break;
    case ReadFrom::Kind::after:
        start = start_after(*topic, first_kept_seq(*topic, now_ms), from.after,
                            answer);
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
        out.add(*item);
    }
    return answer;
}

Position Store::newest(std::string_view path)
{
    Transaction tx(memory_, header_);
    const Topic* topic = table_.find(path);
    return topic == nullptr ? Position{} : position_of(*topic);
}

ReadAnswer Store::read(std::string_view path, const ReadFrom& from,
                       const ReadLimits& limits, Batch& out)
{
    Transaction tx(memory_, header_);
    out.clear();
    return read_kept(table_.find(path), from, limits, out);
}

Store::Scan Store::scan(const Selector& selector, std::string& after,
                        size_t limit, std::vector<TopicRow>& out)
{
    const std::string_view prefix = selector.literal_prefix();
    Transaction tx(memory_, header_);
    Topic* topic =
        after < prefix ? table_.first_from(prefix) : table_.first_after(after);
    for (size_t step = 0; step < kScanStep; step++) {
        if (topic == nullptr || !topic->path().starts_with(prefix)) {
            return Scan::ended;
        }
        if (topic->epoch != 0 && selector.matches(topic->path())) {
            if (out.size() == limit) {
                return Scan::full;
            }
            out.push_back({std::string(topic->path()), position_of(*topic)});
        }
        after = topic->path();
        topic = topic->next()[0];
    }
    return Scan::paused;
}

bool Store::list(const Selector& selector, std::string_view after, size_t limit,
                 std::vector<TopicRow>& out)
{
    std::string at(after);
    Scan scanned = Scan::paused;
    while (scanned == Scan::paused) {
        scanned = scan(selector, at, limit, out);
    }
    return scanned == Scan::full;
}

} // namespace ws_pubsub
