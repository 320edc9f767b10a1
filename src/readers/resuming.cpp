#include "readers/resuming.hpp"

#include <algorithm>

#include "topics/forks.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

namespace {

// The last position in the log that a reader has who has come to that seq.
// Less than the last one where something came after it, even if that is gone:
// so it will be missed.
uint64_t cursor_after(const Topic& topic, uint64_t seq)
{
    const uint64_t end = topic.next_pos - 1;
    const uint64_t kept = topic.head == nullptr ? 1 : end + 1 - topic.head->pos;
    return end - std::min(topic.seq - seq, kept);
}

} // namespace

void Resuming::displace(Transaction& tx, Topic& topic, bool doubtful)
{
    // Else nothing was read of it, or all that it is gone; or that was before.
    const bool is_there = topic.epoch != 0 || topic.head != nullptr;
    for (Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        const ReadState before = interest->reading;
        if ((before == ReadState::on && is_there) ||
            (before == ReadState::displaced && doubtful)) {
            tx.set(interest->reading,
                   doubtful ? ReadState::doubtful : ReadState::displaced);
        }
    }
    if (is_there) {
        (void)inboxes_.changed(tx, topic);
    }
}

Resumed Resuming::resume(Interest& interest, const Position& told)
{
    Transaction tx(access_);
    const bool doubtful = interest.reading == ReadState::doubtful;
    if (!is_served(header_.cluster.state) ||
        (!doubtful && interest.reading != ReadState::displaced)) {
        return {};
    }
    tx.set(interest.reading, ReadState::on);
    if (told.epoch == 0) {
        return {};
    }
    Topic& topic = *interest.topic;
    if (topic.epoch != 0 && Forks::is_known(topic, told)) {
        tx.set(interest.cursor, cursor_after(topic, told.seq));
        return {};
    }
    Resumed resumed{false, doubtful, position_of(topic)};
    uint64_t cursor = topic.next_pos - 1;
    if (TopicLog::value(topic, access_.clock.ticks_ms()) != nullptr) {
        resumed.start.seq--;
        cursor--;
    }
    tx.set(interest.cursor, cursor);
    return resumed;
}

} // namespace ws_pubsub
