// The port through which topics reach those who read them, who are above: what
// a topic's readers have to be told, and what they still need of it.
//
// All is called under the zone's lock, in the transaction that changes the
// topic.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shm/transaction.hpp"
#include "topics/change.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class Readers {
public:
    Readers() = default;
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;
    virtual ~Readers() = default;

    // The topic has come to be: whoever waits for such topics reads it from
    // now on. False when the zone is full.
    virtual bool appeared(Transaction& tx, Topic& topic) = 0;
    // What the zone has of the topic is about to be replaced by what others
    // have: until its readers have said how far they had come they read no
    // more. `doubtful`: what they have read may be lost.
    virtual void displaced(Transaction& tx, Topic& topic, bool doubtful) = 0;
    // The topic has ceased to be.
    virtual void disappeared(Transaction& tx, Topic& topic) = 0;
    // The topic's log has grown: its readers find that in their inboxes.
    // Returns how many sessions they have.
    virtual uint32_t changed(Transaction& tx, Topic& topic) = 0;
    // The message of the change is about to be in its topic's log. Whoever is
    // told of that is told by messages in other topics, which are a part of the
    // transaction; or, without `room` for these, misses it. True: settle() is
    // to be called once the change is final.
    virtual bool published(Transaction& tx, const Change& change,
                           const Position& at, bool room) = 0;
    // Nobody needs all of what those messages have made old.
    virtual void settle(Transaction& tx) = 0;
    // Whether somebody waits for such topics, who may not read it yet.
    virtual bool wanted(Topic& topic) = 0;
    // Position up to which all of its readers have read it.
    [[nodiscard]] virtual uint64_t read_by_all(const Topic& topic) const = 0;
    // Frees what is kept beside the log for readers who have had it by now;
    // each piece takes one of `steps`. False: there is more.
    virtual bool tidy(Transaction& tx, Topic& topic, size_t& steps) = 0;
    // The topic is to be freed: frees what is left beside its log. False,
    // and nothing has changed, while its record is needed.
    virtual bool let_go(Transaction& tx, Topic& topic) = 0;
};

} // namespace ws_pubsub
