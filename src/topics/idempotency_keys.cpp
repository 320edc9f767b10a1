#include "topics/idempotency_keys.hpp"

#include <cstring>

#include "topics/logical_bytes.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

// Of clients, for one more; and of those whose time is over.
constexpr size_t kKeysDroppedAtATime = 16;

} // namespace

uint64_t IdempotencyKeys::hash_body(std::string_view body) const
{
    // All hosts of a log have to tell bodies apart by the same.
    const ReplicaBook& book = header_.replica;
    return keyed_hash(body, book.on
                                ? HashKey{book.body_seed[0], book.body_seed[1]}
                                : header_.hash_key);
}

uint64_t IdempotencyKeys::hash(uint64_t topic, std::string_view key) const
{
    const HashKey& zone = header_.hash_key;
    return keyed_hash(key, {zone.first ^ topic, zone.second});
}

KeyRecord** IdempotencyKeys::bucket(uint64_t hash) const
{
    return &header_.key_buckets[hash & (header_.key_bucket_count - 1)];
}

KeyList& IdempotencyKeys::list(KeyShare owner) const
{
    return header_.keys[static_cast<size_t>(owner)];
}

const KeyRecord* IdempotencyKeys::find(const Topic& topic, std::string_view key,
                                       int64_t ticks_ms) const
{
    const uint64_t wanted = hash(topic.hash, key);
    KeyRecord* record = *bucket(wanted);
    while (record != nullptr &&
           (record->hash != wanted || record->life != topic.life() ||
            record->expires_ms <= ticks_ms || record->key() != key)) {
        record = record->hash_next;
    }
    return record;
}

bool IdempotencyKeys::add(Transaction& tx, const Topic& topic,
                          const Change& change, const ChangeAnswer& answer)
{
    const std::string_view key = change.idempotency_key;
    void* block = tx.allocate(KeyRecord::bytes_of(key));
    if (block == nullptr) {
        return false;
    }
    auto* record = new (block) KeyRecord{};
    record->hash = hash(topic.hash, key);
    record->life = topic.life();
    record->seq = answer.at.seq;
    record->body_hash = change.body_hash;
    record->expires_ms = change.ticks_ms + kIdempotencyTtlMs;
    record->subscribers = answer.subscribers;
    record->owner = change.key_share;
    link(tx, *record, key);
    return true;
}

bool IdempotencyKeys::restore(Transaction& tx, const SavedKey& key,
                              int64_t expires_ms, Room room)
{
    const size_t bytes = KeyRecord::bytes_of(key.key);
    const bool may = room == Room::all ||
                     Shares(header_, tx).has_room_for_key(key.owner, bytes);
    void* block = may ? tx.allocate(bytes) : nullptr;
    if (block == nullptr) {
        return false;
    }
    auto* record = new (block) KeyRecord{};
    record->hash = key.hash;
    record->life = key.life;
    record->seq = key.seq;
    record->body_hash = key.body_hash;
    record->expires_ms = expires_ms;
    record->subscribers = key.subscribers;
    record->owner = key.owner;
    link(tx, *record, key.key);
    return true;
}

// Puts in the key, and the record where it belongs.
void IdempotencyKeys::link(Transaction& tx, KeyRecord& record,
                           std::string_view key)
{
    record.key_bytes = static_cast<uint16_t>(key.size());
    std::memcpy(&record + 1, key.data(), key.size());
    KeyRecord** first = bucket(record.hash);
    record.hash_next = *first;
    tx.set(*first, &record);
    KeyList& keys = list(record.owner);
    if (keys.tail != nullptr) {
        tx.set(keys.tail->age_next, &record);
    } else {
        tx.set(keys.head, &record);
    }
    tx.set(keys.tail, &record);
    Shares(header_, tx).add_key(record.owner, KeyRecord::bytes_of(key));
}

bool IdempotencyKeys::make_room(Transaction& tx, const Change& change)
{
    const KeyShare owner = change.key_share;
    const size_t bytes = KeyRecord::bytes_of(change.idempotency_key);
    const Shares shares(header_, tx);
    if (!shares.has_room_for_key(owner, bytes)) {
        expire(tx, change.ticks_ms, kKeysDroppedAtATime);
    }
    if (owner == KeyShare::application) {
        return shares.has_room_for_key(owner, bytes);
    }
    for (size_t i = 0;
         i < kKeysDroppedAtATime && !shares.has_room_for_key(owner, bytes) &&
         drop_oldest(tx, owner) != 0;
         i++) {
    }
    return true;
}

size_t IdempotencyKeys::drop_oldest(Transaction& tx, KeyShare owner)
{
    KeyList& keys = list(owner);
    KeyRecord* record = keys.head;
    if (record == nullptr) {
        return 0;
    }
    KeyRecord** link = bucket(record->hash);
    while (*link != record) {
        link = &(*link)->hash_next;
    }
    tx.set(*link, record->hash_next);
    tx.set(keys.head, record->age_next);
    if (record->age_next == nullptr) {
        tx.set(keys.tail, nullptr);
    }
    tx.set(keys.dropped, keys.dropped + 1);
    const size_t bytes = KeyRecord::bytes_of(record->key());
    Shares(header_, tx).remove_key(owner, bytes);
    if (header_.replica.on) {
        LogicalBytes(header_, tx)
            .shrink(LogicalBytes::of_key(record->key_bytes));
    }
    tx.release(record);
    tx.commit();
    return bytes;
}

// All live equally long, so the oldest ends first.
bool IdempotencyKeys::expire(Transaction& tx, int64_t ticks_ms, size_t most)
{
    size_t dropped = 0;
    for (const KeyShare owner : {KeyShare::application, KeyShare::client}) {
        const KeyList& keys = list(owner);
        for (; keys.head != nullptr && keys.head->expires_ms <= ticks_ms;
             dropped++) {
            if (dropped == most) {
                return true;
            }
            drop_oldest(tx, owner);
        }
    }
    return false;
}

} // namespace ws_pubsub
