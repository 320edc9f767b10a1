#include "topics/snapshot_writer.hpp"

#include <algorithm>

#include "base/topic.hpp"
#include "topics/replica_state.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

namespace {

// Since when nobody has used it: who reads it, or waits for such topics, does;
// `readers`: null where that makes no difference.
int64_t idle_for(Topic& topic, Readers* readers, int64_t ticks_ms)
{
    const bool is_used = readers != nullptr && topic.clock->idle_ms != 0 &&
                         (topic.interests != nullptr || readers->wanted(topic));
    return is_used ? 0 : ticks_ms - topic.clock->active_ms;
}

SavedTopic saved(Topic& topic, Readers* readers, int64_t ticks_ms)
{
    SavedTopic out;
    out.path = topic.path();
    out.life = topic.life();
    out.at = position_of(topic);
    if (topic.forks != nullptr) {
        out.fork_count = static_cast<uint8_t>(topic.forks->count);
        std::copy_n(topic.forks->points, topic.forks->count, out.forks.begin());
    }
    out.retain = topic.retain;
    out.keep = topic.keep;
    if (topic.clock != nullptr) {
        out.ttl_ms = topic.clock->ttl_ms;
        out.idle_ms = topic.clock->idle_ms;
        out.active_age_ms = idle_for(topic, readers, ticks_ms);
    }
    return out;
}

SavedItem saved(const Item& item, int64_t ticks_ms)
{
    return {item.time_ms, ticks_ms - item.born_ms, item.payload_kind,
            item.content_type(), item.payload()};
}

SavedKey saved(KeyRecord& record, int64_t ticks_ms)
{
    // Workers' ideas of the time differ a little.
    const int64_t left_ms =
        std::clamp<int64_t>(record.expires_ms - ticks_ms, 0, kIdempotencyTtlMs);
    return {record.owner, record.key(),     record.hash,        record.life,
            record.seq,   record.body_hash, record.subscribers, left_ms};
}

} // namespace

bool SnapshotWriter::step(std::string& out)
{
    const size_t full = out.size() + kBytesPerLock;
    Transaction tx(parts_.access);
    if (begun_ ? !is_as_it_was() : !begin()) {
        void_ = true;
        return false;
    }
    ticks_ms_ = parts_.access.clock.ticks_ms();
    log_ms_ = exact_ ? parts_.header.replica.time_ms : ticks_ms_;
    if (phase_ == Phase::zone) {
        save_zone(out);
        if (exact_) {
            RecordWriter(out, SavedKind::replica)
                .add(ReplicaState(parts_.header, tx).saved());
        }
    }
    if (phase_ == Phase::end) {
        RecordWriter(out, SavedKind::end).add(written_);
        return false;
    }
    if (!save_some(out, full)) {
        phase_ = static_cast<Phase>(static_cast<uint8_t>(phase_) + 1);
    }
    if (phase_ == Phase::origins && !exact_) {
        phase_ = Phase::revocations;
    }
    return true;
}

bool SnapshotWriter::begin()
{
    const ReplicaBook& book = parts_.header.replica;
    begun_ = true;
    exact_ = what_ != Of::host && book.has_position();
    if (what_ == Of::log &&
        (!exact_ || !ReplicaState::is_between_entries(book))) {
        return false;
    }
    if (exact_) {
        position_ = book.last;
        nonce_ = book.last_nonce;
        swept_ms_ = book.swept_ms;
        touched_ = book.done;
    }
    return book.replacing == 0;
}

bool SnapshotWriter::is_as_it_was() const
{
    const ReplicaBook& book = parts_.header.replica;
    return book.replacing == 0 &&
           (!exact_ || (book.last == position_ && book.last_nonce == nonce_ &&
                        book.swept_ms == swept_ms_ && book.done == touched_));
}

// False: the phase is over.
bool SnapshotWriter::save_some(std::string& out, size_t full)
{
    switch (phase_) {
    case Phase::origins:
        return save_origins(out, full);
    case Phase::revocations:
        return what_ != Of::log && save_revocations(out, full);
    case Phase::topics:
        return save_topics(out, full);
    case Phase::keys:
        return save_keys(out, full);
    case Phase::zone:
    case Phase::end:
        break;
    }
    return false;
}

void SnapshotWriter::save_zone(std::string& out)
{
    const TopicsHeader& header = parts_.header;
    const TopicTotals& totals = header.totals;
    SavedZone zone;
    if (what_ != Of::log) {
        zone = {header.hash_key,
                totals.published,
                totals.evicted,
                totals.expired,
                totals.refused,
                0,
                0,
                marks_};
    }
    zone.terms = header.terms;
    zone.term_epoch = header.term_epoch;
    RecordWriter(out, SavedKind::zone).add(zone);
}

// Of whom nothing was applied yet nothing is known.
bool SnapshotWriter::save_origins(std::string& out, size_t full)
{
    const OriginRecord* origin =
        origin_ == nullptr ? parts_.header.replica.origin_head : origin_->next;
    for (; origin != nullptr && out.size() < full; origin = origin->next) {
        origin_ = origin;
        if (origin->number != 0) {
            RecordWriter(out, SavedKind::origin)
                .add(SavedOrigin{origin->id, origin->number, origin->heard_ms});
        }
    }
    return origin != nullptr;
}

bool SnapshotWriter::save_revocations(std::string& out, size_t full)
{
    for (; bucket_ < kRevocationBuckets && out.size() < full; bucket_++) {
        for (RevocationRecord* record =
                 parts_.header.revocations.buckets[bucket_];
             record != nullptr; record = record->next) {
            const int64_t left_ms = record->expires_ms - ticks_ms_;
            if (left_ms > 0) {
                RecordWriter(out, SavedKind::revocation)
                    .add(SavedRevocation{record->of, record->text(),
                                         record->before_ms, record->ends_ms,
                                         left_ms});
            }
        }
    }
    return bucket_ < kRevocationBuckets;
}

bool SnapshotWriter::save_topics(std::string& out, size_t full)
{
    if (rest_.item != nullptr) {
        save_rest(out, full);
    }
    Topic* topic = parts_.records.table().first_after(path_);
    for (size_t looked_at = 0; topic != nullptr; looked_at++) {
        if (rest_.item != nullptr || out.size() >= full ||
            looked_at == kTopicsPerLock) {
            return true;
        }
        path_ = topic->path();
        if (topic->epoch != 0 &&
            (what_ != Of::log || !is_reserved(topic->path()))) {
            save_topic(*topic, out, full);
        }
        topic = topic->next()[0];
    }
    return rest_.item != nullptr;
}

void SnapshotWriter::save_topic(Topic& topic, std::string& out, size_t full)
{
    RecordWriter record(out, SavedKind::topic);
    record.add(
        saved(topic, exact_ ? nullptr : &parts_.readers, ticks_of(topic)));
    written_.topics++;
    rest_.life = topic.life();
    rest_.most = topic.keep;
    save_items(topic, topic.tail, record, out, full);
}

// By which ages are told there.
int64_t SnapshotWriter::ticks_of(Topic& topic) const
{
    return is_reserved(topic.path()) ? ticks_ms_ : log_ms_;
}

void SnapshotWriter::save_rest(std::string& out, size_t full)
{
    const Rest rest = rest_;
    rest_.item = nullptr;
    Topic* topic = parts_.records.find(path_);
    if (topic == nullptr || topic->epoch == 0 || topic->life() != rest.life ||
        topic->head == nullptr || topic->head->pos > rest.pos) {
        return;
    }
    // It is in the log, and where it was: none but the newest is moved, and
    // that was written at once.
    RecordWriter record(out, SavedKind::items);
    save_items(*topic, rest.item, record, out, full);
}

// From `item` on, which may be null, to older ones. More may be kept by now
// than when the topic's record was written, but that stays as it is.
void SnapshotWriter::save_items(Topic& topic, const Item* item,
                                RecordWriter& record, const std::string& out,
                                size_t full)
{
    for (size_t count = 0;
         item != nullptr && rest_.most > 0 && TopicLog::is_kept(topic, *item);
         count++) {
        if (count > 0 && out.size() >= full) {
            rest_.item = item;
            rest_.pos = item->pos;
            return;
        }
        record.add(saved(*item, ticks_of(topic)));
        written_.messages++;
        rest_.most--;
        item = item->prev;
    }
}

bool SnapshotWriter::save_keys(std::string& out, size_t full)
{
    for (; owner_ < kKeyShares; owner_++) {
        const KeyList& keys = parts_.header.keys[owner_];
        if (key_number_ <= keys.dropped) { // it may be gone
            key_ = keys.head;
            key_number_ = keys.dropped + 1;
        }
        for (; key_ != nullptr; key_ = key_->age_next, key_number_++) {
            if (out.size() >= full) {
                return true;
            }
            RecordWriter(out, SavedKind::key).add(saved(*key_, log_ms_));
        }
        key_number_ = 0;
    }
    return false;
}

} // namespace ws_pubsub
