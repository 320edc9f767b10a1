// Whose the parts of a zone are.
//
//   ├──────────── messages, topics that exist ────────────┤── kept ──┤
//                                                          ◀─ subscribers' ─▶
//
// Three kinds of users have a zone in common, and none takes what is another's:
//
//   held     what is there for subscribers alone: topics that don't exist, with
//            the interests in them, selectors, overlaps, presence. It has a
//            limit, most of the subscribers' share, and pushes nothing out.
//   reading  the interests in topics that exist: one for each worker that has
//            subscribers of the topic, so many as publishers and workers make
//            them. They are what such a topic costs. Where a subscription makes
//            one it takes what is free, but for a part of the share that is for
//            `held` alone; where the topic comes to be, its publish makes them.
//   keys     idempotency keys, of each kind of publisher up to a limit.
//
// The rest is for messages, which leave free what subscribers have not used of
// their share yet. So in a zone that is full of messages clients can subscribe,
// and whatever they subscribe to, messages are published.
//
// Bytes are counted as the heap takes them, in the transaction that takes or
// gives back the block.
#pragma once

#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class Shares {
public:
    Shares(TopicsHeader& header, Transaction& tx) : header_(header), tx_(tx) {}

    // What a block takes of the heap, up to 3 % for larger ones.
    static uint64_t bytes_of(size_t payload_bytes);

    // Sets the limits in a zone of that size.
    void divide(uint64_t zone_bytes, const SharePercents& percents);

    // Blocks that are there for subscribers alone come to be, or go.
    void hold(size_t payload_bytes, size_t count = 1);
    void let_go(size_t payload_bytes, size_t count = 1);
    // Interests in topics that exist do.
    void add_reading(size_t payload_bytes, size_t count);
    void remove_reading(size_t payload_bytes, size_t count);

    // Whether subscribers may hold what they do now.
    [[nodiscard]] bool is_within() const;
    // Whether an interest may leave so much free.
    [[nodiscard]] bool may_read(size_t free_bytes) const;
    // What messages leave free.
    [[nodiscard]] uint64_t kept_from_messages() const;

    void add_key(KeyShare owner, size_t payload_bytes);
    void remove_key(KeyShare owner, size_t payload_bytes);
    [[nodiscard]] bool has_room_for_key(KeyShare owner,
                                        size_t payload_bytes) const;

private:
    [[nodiscard]] uint64_t missing_spare() const;

    TopicsHeader& header_;
    Transaction& tx_;
};

} // namespace ws_pubsub
