#include "topics/snapshot_survey.hpp"

#include <algorithm>

#include "base/topic.hpp"
#include "topics/logical_bytes.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

SnapshotSurveyor::State SnapshotSurveyor::step(size_t bytes)
{
    const size_t left = rest_.left();
    const size_t end = left > bytes ? left - bytes : 0;
    do {
        if (rest_.at_end() || !look_at_next()) {
            return State::bad;
        }
    } while (rest_.left() > end);
    if (!rest_.at_end()) {
        return State::more;
    }
    return ended_ ? State::done : State::bad;
}

bool SnapshotSurveyor::look_at_next()
{
    auto record = take_record(rest_);
    if (!record || ended_ || begun_ == (record->kind == SavedKind::zone) ||
        !follows(record->kind) || !look_at(*record) ||
        !record->fields.at_end()) {
        return false;
    }
    begun_ = true;
    last_kind_ = record->kind;
    return true;
}

// Of what is said of the log, whether it is where that belongs.
bool SnapshotSurveyor::follows(SavedKind kind) const
{
    if (kind == SavedKind::replica) {
        return last_kind_ == SavedKind::zone;
    }
    return kind != SavedKind::origin || last_kind_ == SavedKind::replica ||
           last_kind_ == SavedKind::origin;
}

bool SnapshotSurveyor::look_at(SavedRecord& record)
{
    switch (record.kind) {
    case SavedKind::zone:
        if (auto zone = take_zone(record.fields)) {
            found_.zone = std::move(*zone);
            return true;
        }
        return false;
    case SavedKind::replica:
        found_.replica = take_replica(record.fields);
        return found_.replica.has_value();
    case SavedKind::origin:
        return look_at_origin(record.fields);
    case SavedKind::revocation:
        return take_revocation(record.fields).has_value();
    case SavedKind::topic:
        return look_at_topic(record.fields);
    case SavedKind::items:
        return (last_kind_ == SavedKind::topic ||
                last_kind_ == SavedKind::items) &&
               look_at_items(record.fields);
    case SavedKind::key:
        return look_at_key(record.fields);
    case SavedKind::end:
        return look_at_end(record.fields);
    }
    return false;
}

// They are in the order in which they were heard of.
bool SnapshotSurveyor::look_at_origin(ByteReader& fields)
{
    const auto origin = take_origin(fields);
    if (!origin || origin->heard_ms < last_heard_ms_) {
        return false;
    }
    last_heard_ms_ = origin->heard_ms;
    return true;
}

bool SnapshotSurveyor::look_at_topic(ByteReader& fields)
{
    const auto topic = take_topic(fields);
    if (!topic || topic->path <= last_path_) {
        return false;
    }
    last_path_ = topic->path;
    most_items_ = most_items(*topic);
    uint64_t& most = topic->at.epoch < kLocalEpochs ? found_.most_epoch
                                                    : found_.most_local_epoch;
    most = std::max(most, topic->at.epoch);
    seen_.topics++;
    found_.topics++;
    found_.value_bytes += Shares::bytes_of(Topic::bytes_of(2, topic->path));
    ByteReader value = fields;
    const auto item = topic->retain ? take_item(value) : std::nullopt;
    if (item) {
        found_.value_bytes += zone_bytes_of(*item);
    }
    if (!is_reserved(topic->path)) {
        used_bytes_ +=
            LogicalBytes::of_topic(topic->path.size()) +
            (item ? item->content_type.size() + item->payload.size() : 0);
    }
    return look_at_items(fields);
}

bool SnapshotSurveyor::look_at_items(ByteReader& fields)
{
    while (!fields.at_end()) {
        const auto item = take_item(fields);
        if (!item) {
            return false;
        }
        seen_.messages++;
        if (most_items_ > 0) {
            most_items_--;
            found_.message_bytes += zone_bytes_of(*item);
        }
    }
    return true;
}

bool SnapshotSurveyor::look_at_key(ByteReader& fields)
{
    const auto key = take_key(fields);
    if (key) {
        found_.lives.emplace(key->life, 0);
        used_bytes_ += LogicalBytes::of_key(key->key.size());
    }
    return key.has_value();
}

bool SnapshotSurveyor::look_at_end(ByteReader& fields)
{
    const auto end = take_end(fields);
    ended_ = true;
    if (!end || end->topics != seen_.topics ||
        end->messages != seen_.messages) {
        return false;
    }
    return !found_.replica ||
           (found_.replica->used_bytes == used_bytes_ &&
            found_.replica->next_epoch > found_.most_epoch &&
            found_.replica->next_epoch >= found_.zone.term_epoch);
}

uint64_t zone_bytes_of(const SavedItem& item)
{
    return Shares::bytes_of(Item::bytes_of(item.content_type, item.payload));
}

std::optional<SnapshotSurvey> survey(std::string_view snapshot)
{
    SnapshotSurveyor surveyor(snapshot);
    return surveyor.step(snapshot.size()) == SnapshotSurveyor::State::done
               ? std::optional(surveyor.take())
               : std::nullopt;
}

} // namespace ws_pubsub
