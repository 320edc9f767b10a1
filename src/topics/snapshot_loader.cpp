#include "topics/snapshot_loader.hpp"

#include <algorithm>
#include <utility>

#include "topics/eviction.hpp"
#include "topics/logical_bytes.hpp"
#include "topics/origins.hpp"
#include "topics/replica_state.hpp"
#include "topics/shares.hpp"
#include "topics/topic_clocks.hpp"
#include "topics/wheel.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kMostAwayMs = 10 * kMaxPolicyTimeMs;

// In place of the newest message of a topic.
constexpr uint64_t kLeftOut = UINT64_MAX;

// What the heap rounds up, one part in so many.
constexpr uint64_t kRoundingShare = 32;

} // namespace

SnapshotLoader::SnapshotLoader(TopicParts& parts, Revocations& revocations,
                               std::string_view snapshot, int64_t away_ms)
    : parts_(parts), revocations_(&revocations), snapshot_(snapshot),
      replacing_(kOwn), ticks_ms_(parts.access.clock.ticks_ms()),
      away_ms_(std::clamp<int64_t>(away_ms, 0, kMostAwayMs)), rest_(snapshot)
{}

SnapshotLoader::SnapshotLoader(TopicParts& parts, std::string_view snapshot,
                               SnapshotSurvey found, uint64_t replacing)
    : parts_(parts), revocations_(nullptr), snapshot_(snapshot),
      replacing_(replacing), ticks_ms_(parts.access.clock.ticks_ms()),
      away_ms_(0), found_(std::move(found)), rest_(snapshot)
{}

std::optional<LoadedSnapshot> SnapshotLoader::load()
{
    auto found = survey(snapshot_);
    if (!found) {
        return std::nullopt;
    }
    found_ = std::move(*found);
    State state = State::more;
    while (state == State::more) {
        state = step();
    }
    return state == State::done ? std::optional(loaded_) : std::nullopt;
}

SnapshotLoader::State SnapshotLoader::step()
{
    Transaction tx(parts_.access);
    if (parts_.header.replica.replacing != replacing_) {
        return State::stale;
    }
    if (phase_ == Phase::begin) {
        begin(tx);
        return State::more;
    }
    if (phase_ == Phase::records) {
        return load_some(tx);
    }
    if (history_->step(tx)) {
        return State::more;
    }
    finish(tx);
    return State::done;
}

void SnapshotLoader::begin(Transaction& tx)
{
    const ReplicaBook& book = parts_.header.replica;
    loaded_.exact = found_.replica && book.on;
    items_.emplace(parts_,
                   SavedTimes{ticks_ms_ - away_ms_,
                              loaded_.exact ? found_.replica->time_ms : 0,
                              loaded_.exact});
    if (replacing_ == kOwn) {
        begin_zone(tx);
    }
    if (loaded_.exact) {
        tx.set(parts_.header.next_epoch,
               std::max(parts_.header.next_epoch, found_.replica->next_epoch));
        tx.set(parts_.header.wheel.tick,
               TimingWheel::tick_of(found_.replica->time_ms));
    }
    kept_ = loaded_.exact ? 0 : kept_from_values(tx);
    phase_ = Phase::records;
}

// What it says of a zone that is new.
void SnapshotLoader::begin_zone(Transaction& tx)
{
    TopicsHeader& header = parts_.header;
    tx.set(header.hash_key.first, found_.zone.hash_key.first);
    tx.set(header.hash_key.second, found_.zone.hash_key.second);
    tx.set(header.totals.published, found_.zone.published);
    tx.set(header.totals.evicted, found_.zone.evicted);
    tx.set(header.totals.expired, found_.zone.expired);
    tx.set(header.totals.refused, found_.zone.refused);
    tx.set(header.terms, found_.zone.terms);
    tx.set(header.term_epoch, found_.zone.term_epoch);
    const uint64_t saved_next =
        found_.replica ? found_.replica->next_epoch : found_.most_epoch + 1;
    tx.set(header.next_epoch,
           std::max({header.next_epoch, found_.zone.term_epoch, saved_next}));
    tx.set(
        header.replica.next_local_epoch,
        std::max(header.replica.next_local_epoch, found_.most_local_epoch + 1));
    if (header.replica.on && !loaded_.exact) {
        // Keys were given with it, and go on to count.
        tx.set(header.replica.body_seed[0], found_.zone.hash_key.first);
        tx.set(header.replica.body_seed[1], found_.zone.hash_key.second);
    }
}

uint64_t SnapshotLoader::kept_from_values(Transaction& tx)
{
    const uint64_t least = parts_.header.shares.held_only;
    const uint64_t needed =
        found_.value_bytes + found_.value_bytes / kRoundingShare;
    return parts_.access.memory.free_bytes() >= least + needed
               ? least
               : Shares(parts_.header, tx).kept_from_messages();
}

// All but histories.
SnapshotLoader::State SnapshotLoader::load_some(Transaction& tx)
{
    const size_t left = rest_.left();
    const size_t end = left > kBytesPerLock ? left - kBytesPerLock : 0;
    for (size_t i = 0; i < kRecordsPerLock && rest_.left() > end; i++) {
        const ByteReader before = rest_;
        auto record = take_record(rest_);
        if (!load_record(tx, *record)) {
            tx.rollback();
            rest_ = before;
            const size_t bytes = record->fields.left() + sizeof(Topic);
            return make_room(tx, bytes) ? State::more : State::too_small;
        }
        tx.commit();
    }
    if (rest_.at_end()) {
        phase_ = Phase::history;
        history_.emplace(parts_, items_->times(), snapshot_,
                         found_.message_bytes);
    }
    return State::more;
}

// False: it has to fit, and does not.
bool SnapshotLoader::load_record(Transaction& tx, SavedRecord& record)
{
    switch (record.kind) {
    case SavedKind::origin:
        return !loaded_.exact || load_origin(tx, record.fields);
    case SavedKind::revocation:
        if (revocations_ != nullptr) {
            load_revocation(tx, record.fields);
        }
        break;
    case SavedKind::topic:
        return load_topic(tx, record.fields);
    case SavedKind::key:
        return load_key(tx, record.fields);
    default:
        break;
    }
    return true;
}

// In place of what may go.
bool SnapshotLoader::make_room(Transaction& tx, size_t bytes)
{
    TopicsHeader& header = parts_.header;
    if (Eviction(parts_, tx, bytes).evict_some()) {
        return true;
    }
    if (header.spare == nullptr) {
        return false;
    }
    tx.release(header.spare);
    tx.set(header.spare, nullptr);
    tx.commit();
    return true;
}

// How long nginx was away is what the system's clock says, which may have been
// wrong at either end. A token that is good again is worse than a revocation
// that stays for longer: it has all of the time that was left.
void SnapshotLoader::load_revocation(Transaction& tx, ByteReader fields)
{
    const auto saved = take_revocation(fields);
    const int64_t now_ms = parts_.access.clock.now_ms();
    const int64_t ends_ms = saved->ends_ms > now_ms
                                ? std::min(saved->ends_ms, kMostSavedTimeMs)
                                : now_ms + saved->left_ms;
    if (!is_sound(*saved) ||
        (saved->left_ms > 0 &&
         !revocations_->restore(
             tx, {saved->of, std::string(saved->text), saved->before_ms},
             ticks_ms_ + saved->left_ms, ends_ms))) {
        loaded_.others_left_out++;
    }
}

bool SnapshotLoader::load_origin(Transaction& tx, ByteReader fields)
{
    const auto saved = take_origin(fields);
    OriginRecord* origin =
        Origins(parts_.header, tx).make(saved->id, saved->heard_ms);
    if (origin != nullptr) {
        tx.set(origin->number, saved->number);
    }
    return origin != nullptr;
}

// With its value, if it retains one.
bool SnapshotLoader::load_topic(Transaction& tx, const ByteReader& fields)
{
    ByteReader rest = fields;
    const auto saved = take_topic(rest);
    const bool has_value = saved->retain && !rest.at_end();
    const bool fits = fill_topic(tx, *saved, rest);
    const bool must_fit = loaded_.exact && !is_reserved(saved->path);
    if (!fits && must_fit) {
        return false;
    }
    if (has_value) {
        ByteReader value = rest;
        found_.message_bytes -= zone_bytes_of(*take_item(value));
    }
    const auto life = found_.lives.find(saved->life);
    if (life != found_.lives.end()) {
        life->second = fits ? saved->at.seq : kLeftOut;
        if (loaded_.exact && fits) {
            life->second = parts_.records.find(saved->path)->hash;
        }
    }
    if (!fits) {
        tx.rollback();
        loaded_.topics_left_out++;
        loaded_.messages_left_out += has_value ? 1 : 0;
        return true;
    }
    loaded_.topics++;
    loaded_.messages += has_value ? 1 : 0;
    return true;
}

bool SnapshotLoader::fill_topic(Transaction& tx, const SavedTopic& saved,
                                ByteReader fields)
{
    Policy times;
    times.ttl_ms = saved.ttl_ms;
    times.idle_ms = saved.idle_ms;
    Topic* topic = parts_.records.restore(tx, saved.path, saved.at);
    if (topic == nullptr ||
        !TopicClocks(parts_.header, tx)
             .set(*topic, times,
                  items_->times().ticks_of(saved.path, saved.active_age_ms)) ||
        !load_forks(tx, *topic, saved)) {
        return false;
    }
    tx.set(topic->keep, saved.keep);
    tx.set(topic->retain, saved.retain);
    // Positions go down to that of the oldest that is kept.
    tx.set(topic->next_pos, topic->next_pos + saved.keep + 1);
    if (!load_value(tx, *topic, saved, fields) ||
        parts_.access.memory.free_bytes() < kept_) {
        return false;
    }
    if (parts_.header.replica.on) {
        LogicalBytes(parts_.header, tx)
            .grow(static_cast<int64_t>(LogicalBytes::of(*topic)));
    }
    TopicClocks(parts_.header, tx).schedule(*topic);
    if (topic->interests != nullptr) {
        parts_.readers.changed(tx, *topic);
    }
    return true;
}

// A value has to be there, or too old.
bool SnapshotLoader::load_value(Transaction& tx, Topic& topic,
                                const SavedTopic& saved, ByteReader& fields)
{
    if (!saved.retain || fields.at_end()) {
        return !saved.retain || saved.ttl_ms != 0;
    }
    return saved.keep != 0 &&
           items_->add(tx, topic, topic.seq, *take_item(fields));
}

bool SnapshotLoader::load_forks(Transaction& tx, Topic& topic,
                                const SavedTopic& saved)
{
    if (saved.fork_count == 0) {
        return true;
    }
    void* block = tx.allocate(sizeof(TopicForks));
    if (block == nullptr) {
        return false;
    }
    auto* forks = new (block) TopicForks{};
    forks->life = saved.life;
    forks->count = saved.fork_count;
    std::copy_n(saved.forks.begin(), saved.fork_count, forks->points);
    tx.set(topic.forks, forks);
    return true;
}

// A key whose message is not here is no promise that it is.
bool SnapshotLoader::load_key(Transaction& tx, ByteReader fields)
{
    const auto saved = take_key(fields);
    if (loaded_.exact) {
        return load_key_exactly(tx, *saved);
    }
    const uint64_t newest = found_.lives[saved->life];
    if (saved->left_ms <= away_ms_ || saved->seq == 0 || saved->seq > newest) {
        return true;
    }
    if (newest == kLeftOut ||
        !parts_.keys.restore(tx, *saved,
                             items_->times().ticks_of({}, -saved->left_ms))) {
        loaded_.others_left_out++;
        return true;
    }
    if (parts_.header.replica.on) {
        LogicalBytes(parts_.header, tx)
            .grow(
                static_cast<int64_t>(LogicalBytes::of_key(saved->key.size())));
    }
    return true;
}

// All of them count, also those of topics that are gone. The zone hashes them
// in its own way.
bool SnapshotLoader::load_key_exactly(Transaction& tx, SavedKey saved)
{
    saved.hash = parts_.keys.hash(found_.lives[saved.life], saved.key);
    if (!parts_.keys.restore(tx, saved,
                             items_->times().ticks_of({}, -saved.left_ms),
                             IdempotencyKeys::Room::all)) {
        return false;
    }
    LogicalBytes(parts_.header, tx)
        .grow(static_cast<int64_t>(LogicalBytes::of_key(saved.key.size())));
    return true;
}

void SnapshotLoader::finish(Transaction& tx)
{
    loaded_.messages += history_->loaded();
    loaded_.messages_left_out += history_->left_out();
    loaded_.marks = found_.zone.marks;
    if (loaded_.exact) {
        TopicsHeader& header = parts_.header;
        tx.set(header.terms, found_.zone.terms);
        tx.set(header.term_epoch, found_.zone.term_epoch);
        ReplicaState(header, tx).restore(*found_.replica, ticks_ms_);
    }
}

} // namespace ws_pubsub
