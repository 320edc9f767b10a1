#include "topics/snapshot_history.hpp"

#include <algorithm>

#include "topics/shares.hpp"
#include "topics/snapshot_survey.hpp"
#include "topics/topic_clocks.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

namespace {

// What the heap rounds up, one part in so many.
constexpr uint64_t kRoundingShare = 32;

// Moves `fields`, which are behind the topic's own, to its history; how many
// messages that may have.
uint64_t skip_value(const SavedTopic& topic, ByteReader& fields)
{
    const uint64_t most = most_items(topic);
    if (!topic.retain || fields.at_end()) {
        return most;
    }
    (void)take_item(fields);
    return most - 1;
}

} // namespace

bool SnapshotHistory::step(Transaction& tx)
{
    bool more = true;
    switch (phase_) {
    case Phase::begin:
        begin(tx);
        return true;
    case Phase::ages:
        more = find_ages();
        break;
    case Phase::items:
        more = load_some(tx);
        break;
    case Phase::order:
        more = order_some(tx);
        break;
    case Phase::aging:
        return make_evictable(tx);
    }
    if (!more) {
        phase_ = static_cast<Phase>(static_cast<uint8_t>(phase_) + 1);
        rest_ = ByteReader(snapshot_);
    }
    return true;
}

void SnapshotHistory::begin(Transaction& tx)
{
    const uint64_t free = parts_.access.memory.free_bytes();
    const uint64_t kept = Shares(parts_.header, tx).kept_from_messages();
    room_ = free > kept ? free - kept : 0;
    room_ -= room_ / kRoundingShare;
    const bool all_fits = message_bytes_ <= room_;
    phase_ = all_fits ? Phase::items : Phase::ages;
}

bool SnapshotHistory::find_ages()
{
    const size_t left = rest_.left();
    const size_t end = left > kBytesPerLock ? left - kBytesPerLock : 0;
    while (rest_.left() > end) {
        const auto record = take_record(rest_);
        ByteReader fields = record->fields;
        if (record->kind == SavedKind::topic) {
            const auto topic = take_topic(fields);
            most_items_ = skip_value(*topic, fields);
        } else if (record->kind != SavedKind::items) {
            continue;
        }
        for (; !fields.at_end() && most_items_ > 0; most_items_--) {
            add_age(*take_item(fields));
        }
    }
    if (!rest_.at_end()) {
        return true;
    }
    oldest_age_ms_ = ages_.empty() ? -1 : ages_.front().age_ms;
    ages_ = {};
    return false;
}

// Of those that are looked at so far the newest that fit stay.
void SnapshotHistory::add_age(const SavedItem& item)
{
    ages_.push_back({item.age_ms, zone_bytes_of(item)});
    room_ -= ages_.back().bytes; // may be less than nothing, for a moment
    std::push_heap(ages_.begin(), ages_.end());
    while (static_cast<int64_t>(room_) < 0) {
        std::pop_heap(ages_.begin(), ages_.end());
        room_ += ages_.back().bytes;
        ages_.pop_back();
    }
}

bool SnapshotHistory::load_some(Transaction& tx)
{
    const size_t left = rest_.left();
    const size_t end = left > kBytesPerLock ? left - kBytesPerLock : 0;
    topic_ = takes_ ? parts_.records.find(path_) : nullptr;
    while (rest_.left() > end) {
        const auto record = take_record(rest_);
        if (record->kind == SavedKind::topic) {
            load_topic(tx, record->fields);
        } else if (record->kind == SavedKind::items) {
            load_items(tx, record->fields);
        }
    }
    return !rest_.at_end();
}

void SnapshotHistory::load_topic(Transaction& tx, ByteReader fields)
{
    const auto saved = take_topic(fields);
    path_ = saved->path;
    topic_ = fields.at_end() ? nullptr : parts_.records.find(path_);
    // There may be another one, or none, by now.
    if (topic_ != nullptr && topic_->epoch != saved->at.epoch) {
        topic_ = nullptr;
    }
    takes_ = topic_ != nullptr;
    born_ms_ = INT64_MAX;
    most_items_ = skip_value(*saved, fields);
    next_seq_ = saved->at.seq - (most_items(*saved) - most_items_);
    load_items(tx, fields);
}

void SnapshotHistory::load_items(Transaction& tx, ByteReader fields)
{
    for (; !fields.at_end() && most_items_ > 0; most_items_--) {
        load_item(tx, *take_item(fields));
    }
}

// The next older one. Once one does not fit none of its topic does.
void SnapshotHistory::load_item(Transaction& tx, const SavedItem& saved)
{
    const bool fits = topic_ != nullptr && saved.age_ms <= oldest_age_ms_ &&
                      items_.add(tx, *topic_, next_seq_, saved) &&
                      parts_.access.memory.free_bytes() >=
                          Shares(parts_.header, tx).kept_from_messages();
    if (!fits) {
        tx.rollback();
        topic_ = nullptr;
        takes_ = false;
        left_out_++;
        return;
    }
    tx.commit();
    // Items may be evicted in the order in which they were published, and those
    // of a topic in the order of its log.
    Item* item = topic_->head;
    born_ms_ = std::min(born_ms_, item->born_ms);
    evictable_.push_back({born_ms_, loaded_, item});
    std::push_heap(evictable_.begin(), evictable_.end());
    next_seq_--;
    loaded_++;
}

bool SnapshotHistory::order_some(Transaction& tx)
{
    Topic* topic = parts_.records.table().first_after(ordered_);
    for (size_t i = 0; topic != nullptr && i < kTopicsPerLock; i++) {
        ordered_ = topic->path();
        TopicClocks(parts_.header, tx).schedule(*topic);
        tx.commit();
        topic = topic->next()[0];
    }
    return topic != nullptr;
}

bool SnapshotHistory::make_evictable(Transaction& tx)
{
    TopicLog log(parts_.header, tx);
    for (size_t i = 0; i < kItemsPerLock && !evictable_.empty(); i++) {
        std::pop_heap(evictable_.begin(), evictable_.end());
        log.make_evictable(*evictable_.back().item);
        evictable_.pop_back();
        tx.commit();
    }
    return !evictable_.empty();
}

} // namespace ws_pubsub
