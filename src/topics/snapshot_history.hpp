// Fills the topics that a snapshot has brought with their histories: the newest
// messages of all topics, as far as there is room.
//
// Before that it finds out how old a message may be, and after it messages get
// the order in which they may be evicted, and topics theirs in which time
// changes them.
//
// A little in each hold of the lock; what is there meanwhile is sound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/transaction.hpp"
#include "topics/snapshot_items.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class SnapshotHistory {
public:
    // What is looked at in one hold of the lock.
    static constexpr size_t kBytesPerLock = 64UL * 1024; // of the snapshot
    static constexpr size_t kTopicsPerLock = 256;
    static constexpr size_t kItemsPerLock = 1024;

    // The bytes outlive it. `message_bytes`: about what all of it takes.
    SnapshotHistory(TopicParts& parts, const SavedTimes& times,
                    std::string_view snapshot, uint64_t message_bytes)
        : parts_(parts), items_(parts, times), snapshot_(snapshot),
          rest_(snapshot), message_bytes_(message_bytes)
    {}

    // REQUIRES the lock. False: that is all.
    bool step(Transaction& tx);
    [[nodiscard]] uint64_t loaded() const { return loaded_; }
    [[nodiscard]] uint64_t left_out() const { return left_out_; }

private:
    enum class Phase : uint8_t { begin, ages, items, order, aging };

    struct Aged {
        int64_t age_ms;
        uint64_t bytes;
        bool operator<(const Aged& other) const
        {
            return age_ms != other.age_ms ? age_ms < other.age_ms
                                          : bytes < other.bytes;
        }
    };
    // Of a heap, of which the top is evicted first.
    struct Evictable {
        int64_t born_ms;
        uint64_t number; // as it was loaded: older ones of a topic come later
        Item* item;
        bool operator<(const Evictable& other) const
        {
            return born_ms != other.born_ms ? born_ms > other.born_ms
                                            : number < other.number;
        }
    };

    void begin(Transaction& tx);
    bool find_ages();
    void add_age(const SavedItem& item);
    bool load_some(Transaction& tx);
    void load_topic(Transaction& tx, ByteReader fields);
    void load_items(Transaction& tx, ByteReader fields);
    void load_item(Transaction& tx, const SavedItem& saved);
    bool order_some(Transaction& tx);
    bool make_evictable(Transaction& tx);

    TopicParts& parts_;
    SnapshotItems items_;
    const std::string_view snapshot_;
    ByteReader rest_;
    Phase phase_ = Phase::begin;
    uint64_t message_bytes_;
    uint64_t loaded_ = 0;
    uint64_t left_out_ = 0;

    // How old a message may be so that it fits.
    int64_t oldest_age_ms_ = INT64_MAX;
    uint64_t room_ = 0;
    std::vector<Aged> ages_; // a heap, the oldest first; these fit

    // Of the topic at hand.
    std::string_view path_;
    bool takes_ = false; // else what follows is left out
    Topic* topic_ = nullptr;
    uint64_t next_seq_ = 0;
    int64_t born_ms_ = 0;     // of the last one, as it may be evicted
    uint64_t most_items_ = 0; // that still count

    std::string ordered_; // the last topic that was
    std::vector<Evictable> evictable_;
};

} // namespace ws_pubsub
