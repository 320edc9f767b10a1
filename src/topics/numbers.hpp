// The numbers of a zone's messages, and what a cursor means.
//
// Each message that a zone takes has a number, which counts up by one whatever
// its topic: so one number says how far a reader has come in all topics at
// once. That a topic is removed has one, too. A topic remembers the number of
// the last of these that has left its log: who has not come so far has lost
// something there.
//
// Where messages may be lost that somebody has seen (topics/forks.hpp) others
// get their numbers. From then on the zone is known by another name; cursors of
// the one before are as good as ever up to where it forked, and none behind
// that.
//
// In a zone that follows a log the numbers are the same on all hosts that have
// applied it up to the same entry. Topics that are each host's own ($events)
// are counted by themselves there, from kLocalNumbers on; no cursor names
// these.
#pragma once

#include <cstdint>

#include "base/cursor.hpp"
#include "base/topic.hpp"
#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

inline constexpr uint64_t kLocalNumbers = uint64_t{1} << 63;

// The item's number as cursors know it; 0: they don't.
inline uint64_t known_number(uint64_t number)
{
    return number < kLocalNumbers ? number : 0;
}

class Numbers {
public:
    Numbers(TopicsHeader& header, Transaction& tx)
        : header_(header), book_(header.numbers), tx_(tx)
    {}

    // For the next item, or that many, which are of that topic: the last one.
    uint64_t next(Topic& topic, uint64_t count = 1)
    {
        uint64_t& last = header_.replica.on && is_reserved(topic.path())
                             ? book_.last_local
                             : book_.last;
        tx_.set(last, last + count);
        return last;
    }
    // Of the numbers up to now those up to `sound` go on to be good.
    void fork(uint64_t zone, uint64_t sound);
    // As it was saved.
    void restore(const NumberBook& saved);
    // So many were given.
    void raise(uint64_t last)
    {
        if (book_.last < last) {
            tx_.set(book_.last, last);
        }
    }

    // Whether the cursor is one of this zone's, and names none of the lost.
    static bool is_known(const NumberBook& book, const Cursor& at);

private:
    TopicsHeader& header_;
    NumberBook& book_;
    Transaction& tx_;
};

} // namespace ws_pubsub
