// Idempotency keys: which publishes of the last minutes were answered how.
#include <cstring>

#include "shm/store.hpp"

namespace ws_pubsub {

namespace {

uint64_t key_hash(const Topic& topic, std::string_view key, uint64_t seed)
{
    return hash_bytes(key, seed ^ topic.hash);
}

} // namespace

KeyRecord* Store::find_key(const Topic& topic, std::string_view key)
{
    const uint64_t hash = key_hash(topic, key, header_.seed);
    KeyRecord* record =
        header_.key_buckets[hash & (header_.key_bucket_count - 1)];
    while (record != nullptr &&
           (record->hash != hash || record->epoch != topic.epoch ||
            record->key() != key)) {
        record = record->hash_next;
    }
    return record;
}

// REQUIRES: the topic is there.
bool Store::add_key(Transaction& tx, const Publication& publication,
                    const PublishAnswer& answer)
{
    const std::string_view key = publication.idempotency_key;
    void* block = tx.allocate(sizeof(KeyRecord) + key.size());
    if (block == nullptr) {
        return false;
    }
    const Topic& topic = *table_.find(publication.topic);
    auto* record = new (block) KeyRecord{};
    record->hash = key_hash(topic, key, header_.seed);
    record->epoch = answer.at.epoch;
    record->seq = answer.at.seq;
    record->body_hash = hash_bytes(publication.body(), header_.seed);
    record->expires_ms = publication.now_ms + kIdempotencyTtlMs;
    record->subscribers = answer.subscribers;
    record->key_bytes = static_cast<uint32_t>(key.size());
    std::memcpy(record + 1, key.data(), key.size());

    KeyRecord** bucket =
        &header_.key_buckets[record->hash & (header_.key_bucket_count - 1)];
    record->hash_next = *bucket;
    tx.set(*bucket, record);
    if (header_.key_age_tail != nullptr) {
        tx.set(header_.key_age_tail->age_next, record);
    } else {
        tx.set(header_.key_age_head, record);
    }
    tx.set(header_.key_age_tail, record);
    return true;
}

// REQUIRES: there is one.
void Store::drop_oldest_key(Transaction& tx)
{
    KeyRecord* record = header_.key_age_head;
    KeyRecord** link =
        &header_.key_buckets[record->hash & (header_.key_bucket_count - 1)];
    while (*link != record) {
        link = &(*link)->hash_next;
    }
    tx.set(*link, record->hash_next);
    tx.set(header_.key_age_head, record->age_next);
    if (record->age_next == nullptr) {
        tx.set(header_.key_age_tail, nullptr);
    }
    tx.release(record);
    tx.commit();
}

// All live equally long, so the oldest ends first.
void Store::expire_keys(Transaction& tx, int64_t now_ms)
{
    while (header_.key_age_head != nullptr &&
           header_.key_age_head->expires_ms <= now_ms) {
        drop_oldest_key(tx);
    }
}

} // namespace ws_pubsub
