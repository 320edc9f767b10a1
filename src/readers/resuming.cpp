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
    const uint64_t behind = topic.seq - seq;
    const uint64_t kept = topic.head == nullptr ? 0 : end + 1 - topic.head->pos;
    if (behind == 0) {
        return end;
    }
    return behind <= kept ? end - behind : std::min(end - kept, end - 1);
}

} // namespace

void Resuming::displace(Transaction& tx, Topic& topic, bool rewound)
{
    if (topic.epoch == 0 && topic.head == nullptr) {
        return; // nothing was read of it, or all that it is gone
    }
    for (Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (rewound && interest->reading != ReadState::dropped) {
            tx.set(interest->reading, ReadState::rewound);
        } else if (interest->reading == ReadState::on) {
            tx.set(interest->reading, ReadState::displaced);
        }
    }
    (void)inboxes_.changed(tx, topic);
}

Resumed Resuming::resume(Interest& interest, const Position& told)
{
    Transaction tx(access_);
    const bool rewound = interest.reading == ReadState::rewound;
    if (!is_served(header_.cluster.state) ||
        (!rewound && interest.reading != ReadState::displaced)) {
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
    Resumed resumed{false, rewound, position_of(topic)};
    uint64_t cursor = topic.next_pos - 1;
    if (TopicLog::value(topic, access_.clock.ticks_ms()) != nullptr) {
        resumed.start.seq--;
        cursor--;
    }
    tx.set(interest.cursor, cursor);
    return resumed;
}

} // namespace ws_pubsub
