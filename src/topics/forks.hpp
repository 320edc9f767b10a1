// A topic that goes on under another epoch.
//
// Messages may be lost that somebody has seen: the zone was restored from what
// was saved before them. Other messages then get their numbers, and a position
// that names one of the lost must not be taken for one of the new. So the zone
// begins a term: from its next message on, each topic has a new epoch, while
// its numbers, its history and its idempotency keys go on. Up to where it
// forked, positions of its earlier epochs are as good as ever. A topic that
// nobody publishes in stays as it is, since none of its positions can be
// mistaken.
#pragma once

#include <cstdint>

#include "base/message.hpp"
#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

// For begin_term(): a term may give that many epochs before another one has to
// be clear of them.
[[nodiscard]] uint64_t random_jump();

class Forks {
public:
    Forks(TopicsHeader& header, Transaction& tx) : header_(header), tx_(tx) {}

    // The zone begins a term. Epochs that were given after the zone was saved,
    // and are lost, are never given again if `jump` exceeds their number.
    void begin_term(uint64_t jump);

    // To be called before a message is added. False when the zone is full.
    bool enter_term(Topic& topic)
    {
        return topic.epoch >= header_.term_epoch || fork(topic);
    }
    // The topic's life is over.
    void drop(Topic& topic);

    // Whether the position is one of this life of the topic, under whatever
    // epoch, and none of the lost.
    static bool is_known(const Topic& topic, const Position& at);
    // The epoch under which the topic's message `seq` was published, as far
    // back as is known.
    static uint64_t epoch_of(const Topic& topic, uint64_t seq);

private:
    bool fork(Topic& topic);

    TopicsHeader& header_;
    Transaction& tx_;
};

} // namespace ws_pubsub
