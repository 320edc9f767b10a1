#include "topics/snapshot_format.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/media_type.hpp"
#include "base/topic.hpp"
#include "base/utf8.hpp"
#include "json/check.hpp"

namespace ws_pubsub {

namespace {

// Larger ones would not leave room for those to come.
constexpr uint64_t kMostEpoch = kMostSavedNumber;
constexpr size_t kMaxMarks = 16;

// Nothing is older, or has more time left: so that sums don't overflow.
constexpr int64_t kMostAgeMs = 10 * kMaxPolicyTimeMs;

int64_t take_age(ByteReader& fields)
{
    return std::clamp<int64_t>(fields.number<int64_t>(), 0, kMostAgeMs);
}

Position take_position(ByteReader& fields)
{
    Position at;
    at.epoch = fields.number<uint64_t>();
    at.seq = fields.number<uint64_t>();
    return at;
}

bool may_be(const Position& at)
{
    return at.epoch <= kMostEpoch && at.seq <= kMostEpoch;
}

// A policy's.
bool may_be_time(int64_t ms)
{
    return ms >= 0 && ms <= kMaxPolicyTimeMs;
}

enum TopicFlag : uint8_t { kRetains = 1, kHasClock = 2, kTopicFlags = 3 };

// Whether its epochs and the positions at which it forked are in order: each is
// before the newest message.
bool is_sound(const SavedTopic& topic)
{
    uint64_t epoch = topic.life;
    uint64_t seq = 0;
    for (size_t i = 0; i < topic.fork_count; i++) {
        const ForkPoint& point = topic.forks[i];
        if (i == 0 ? point.epoch < epoch : point.epoch <= epoch) {
            return false;
        }
        if (point.seq < seq) {
            return false;
        }
        epoch = point.epoch;
        seq = point.seq;
    }
    const bool follows = topic.fork_count == 0 ? topic.at.epoch == epoch
                                               : topic.at.epoch > epoch;
    return topic.life != 0 && follows && seq < topic.at.seq &&
           may_be(topic.at) && is_topic(topic.path) &&
           may_be_time(topic.ttl_ms) && may_be_time(topic.idle_ms);
}

bool is_sound_payload(const SavedItem& item)
{
    switch (item.kind) {
    case PayloadKind::text:
        return is_utf8(item.payload);
    case PayloadKind::json:
        return is_utf8(item.payload) && is_json_by_grammar(item.payload);
    case PayloadKind::binary:
        break;
    }
    return true;
}

} // namespace

bool is_sound(const SavedItem& item)
{
    return item.time_ms >= 0 && item.time_ms <= kMostSavedTimeMs &&
           !has_control_character(item.content_type) && is_sound_payload(item);
}

bool is_sound(const SavedRevocation& revocation)
{
    return is_utf8(revocation.text);
}

uint64_t most_items(const SavedTopic& topic)
{
    const uint64_t most = std::max<uint64_t>(topic.keep, topic.retain ? 1 : 0);
    return std::min(most, topic.at.seq);
}

RecordWriter::RecordWriter(std::string& out, SavedKind kind)
    : bytes_(out), start_(bytes_.place())
{
    bytes_.number(uint32_t{0});
    bytes_.number(static_cast<uint8_t>(kind));
}

RecordWriter::~RecordWriter()
{
    bytes_.put(start_, static_cast<uint32_t>(bytes_.place() - start_ -
                                             sizeof(uint32_t)));
}

void RecordWriter::add(uint64_t epoch, uint64_t seq)
{
    bytes_.number(epoch);
    bytes_.number(seq);
}

void RecordWriter::add(const SavedZone& zone)
{
    for (const uint64_t number : {zone.hash_key.first, zone.hash_key.second,
                                  zone.published, zone.evicted, zone.expired,
                                  zone.refused, zone.terms, zone.term_epoch}) {
        bytes_.number(number);
    }
    bytes_.number(static_cast<uint8_t>(zone.marks.size()));
    for (const Position& mark : zone.marks) {
        add(mark.epoch, mark.seq);
    }
}

void RecordWriter::add(const SavedReplica& replica)
{
    add(replica.last.ms, replica.last.number);
    for (const uint64_t number :
         {replica.last_nonce, static_cast<uint64_t>(replica.time_ms),
          static_cast<uint64_t>(replica.swept_ms), replica.next_epoch,
          replica.used_bytes, replica.capacity_bytes,
          static_cast<uint64_t>(replica.host_due_ms), replica.entries,
          replica.body_seed[0], replica.body_seed[1], replica.before.ms,
          replica.before.number, replica.before_nonce}) {
        bytes_.number(number);
    }
    bytes_.text<uint8_t>(replica.lineage);
    bytes_.number(static_cast<uint8_t>(replica.hosts.size()));
    for (const HostRecord& host : replica.hosts) {
        for (const uint64_t number :
             {host.id, host.capacity_bytes, host.sessions, host.position.ms,
              host.position.number, static_cast<uint64_t>(host.heard_ms),
              host.format}) {
            bytes_.number(number);
        }
    }
}

void RecordWriter::add(const SavedOrigin& origin)
{
    add(origin.id, origin.number);
    bytes_.number(origin.heard_ms);
}

void RecordWriter::add(const SavedRevocation& revocation)
{
    bytes_.number(static_cast<uint8_t>(revocation.of));
    bytes_.text<uint16_t>(revocation.text);
    bytes_.number(revocation.before_ms);
    bytes_.number(revocation.ends_ms);
    bytes_.number(revocation.left_ms);
}

void RecordWriter::add(const SavedTopic& topic)
{
    bytes_.text<uint8_t>(topic.path);
    bytes_.number(topic.life);
    add(topic.at.epoch, topic.at.seq);
    bytes_.number(topic.fork_count);
    for (size_t i = 0; i < topic.fork_count; i++) {
        add(topic.forks[i].epoch, topic.forks[i].seq);
    }
    const bool timed = topic.ttl_ms != 0 || topic.idle_ms != 0;
    bytes_.number(static_cast<uint8_t>((topic.retain ? kRetains : 0) |
                                       (timed ? kHasClock : 0)));
    bytes_.number(topic.keep);
    if (timed) {
        bytes_.number(topic.ttl_ms);
        bytes_.number(topic.idle_ms);
        bytes_.number(topic.active_age_ms);
    }
}

void RecordWriter::add(const SavedItem& item)
{
    bytes_.number(item.time_ms);
    bytes_.number(item.age_ms);
    bytes_.number(static_cast<uint8_t>(item.kind));
    bytes_.text<uint8_t>(item.content_type);
    bytes_.text<uint32_t>(item.payload);
}

void RecordWriter::add(const SavedKey& key)
{
    bytes_.number(static_cast<uint8_t>(key.owner));
    bytes_.text<uint16_t>(key.key);
    for (const uint64_t number : {key.hash, key.life, key.seq, key.body_hash}) {
        bytes_.number(number);
    }
    bytes_.number(key.subscribers);
    bytes_.number(key.left_ms);
}

void RecordWriter::add(const SavedEnd& end)
{
    bytes_.number(end.topics);
    bytes_.number(end.messages);
}

std::optional<SavedRecord> take_record(ByteReader& bytes)
{
    ByteReader fields(bytes.text<uint32_t>());
    const auto kind = fields.number<uint8_t>();
    if (bytes.failed() || fields.failed() ||
        kind < static_cast<uint8_t>(SavedKind::zone) ||
        kind > static_cast<uint8_t>(SavedKind::origin)) {
        return std::nullopt;
    }
    return SavedRecord{static_cast<SavedKind>(kind), fields};
}

std::optional<SavedZone> take_zone(ByteReader& fields)
{
    SavedZone zone;
    for (uint64_t* number : {&zone.hash_key.first, &zone.hash_key.second,
                             &zone.published, &zone.evicted, &zone.expired,
                             &zone.refused, &zone.terms, &zone.term_epoch}) {
        *number = fields.number<uint64_t>();
    }
    const size_t count = fields.number<uint8_t>();
    for (size_t i = 0; i < std::min(count, kMaxMarks); i++) {
        zone.marks.push_back(take_position(fields));
    }
    return fields.failed() || count > kMaxMarks ||
                   zone.terms > kMostSavedNumber || zone.term_epoch > kMostEpoch
               ? std::nullopt
               : std::optional(zone);
}

std::optional<SavedRevocation> take_revocation(ByteReader& fields)
{
    SavedRevocation revocation;
    const auto of = fields.number<uint8_t>();
    revocation.text = fields.text<uint16_t>();
    revocation.before_ms = fields.number<int64_t>();
    revocation.ends_ms = fields.number<int64_t>();
    revocation.left_ms = take_age(fields);
    if (fields.failed() || of > static_cast<uint8_t>(Revocation::Of::id) ||
        revocation.text.size() > kMaxIdentityBytes) {
        return std::nullopt;
    }
    revocation.of = static_cast<Revocation::Of>(of);
    return revocation;
}

std::optional<SavedTopic> take_topic(ByteReader& fields)
{
    SavedTopic topic;
    topic.path = fields.text<uint8_t>();
    topic.life = fields.number<uint64_t>();
    topic.at = take_position(fields);
    topic.fork_count = fields.number<uint8_t>();
    if (topic.fork_count > kMaxForkPoints) {
        return std::nullopt;
    }
    for (size_t i = 0; i < topic.fork_count; i++) {
        const Position at = take_position(fields);
        topic.forks[i] = {at.epoch, at.seq};
    }
    const auto flags = fields.number<uint8_t>();
    topic.retain = (flags & kRetains) != 0;
    topic.keep = fields.number<uint32_t>();
    if ((flags & kHasClock) != 0) {
        topic.ttl_ms = fields.number<int64_t>();
        topic.idle_ms = fields.number<int64_t>();
        topic.active_age_ms = take_age(fields);
    }
    return fields.failed() || flags > kTopicFlags || !is_sound(topic)
               ? std::nullopt
               : std::optional(topic);
}

std::optional<SavedItem> take_item(ByteReader& fields)
{
    SavedItem item;
    item.time_ms = fields.number<int64_t>();
    item.age_ms = take_age(fields);
    const auto kind = fields.number<uint8_t>();
    item.content_type = fields.text<uint8_t>();
    item.payload = fields.text<uint32_t>();
    if (fields.failed() || kind > static_cast<uint8_t>(PayloadKind::binary) ||
        item.content_type.size() > kMaxContentTypeBytes) {
        return std::nullopt;
    }
    item.kind = static_cast<PayloadKind>(kind);
    return item;
}

std::optional<SavedKey> take_key(ByteReader& fields)
{
    SavedKey key;
    const auto owner = fields.number<uint8_t>();
    key.key = fields.text<uint16_t>();
    for (uint64_t* number : {&key.hash, &key.life, &key.seq, &key.body_hash}) {
        *number = fields.number<uint64_t>();
    }
    key.subscribers = fields.number<uint32_t>();
    key.left_ms = fields.number<int64_t>();
    if (fields.failed() || owner >= kKeyShares || key.key.empty() ||
        key.key.size() > kMaxOwnedKeyBytes || key.left_ms < 0 ||
        key.left_ms > kIdempotencyTtlMs) {
        return std::nullopt;
    }
    key.owner = static_cast<KeyShare>(owner);
    return key;
}

std::optional<SavedEnd> take_end(ByteReader& fields)
{
    SavedEnd end;
    end.topics = fields.number<uint64_t>();
    end.messages = fields.number<uint64_t>();
    return fields.failed() ? std::nullopt : std::optional(end);
}

} // namespace ws_pubsub
