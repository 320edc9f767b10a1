#include "shm/topic_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ws_pubsub {

namespace {

uint64_t mix(uint64_t a, uint64_t b)
{
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^
           static_cast<uint64_t>(product >> 64);
}

// Each level holds a quarter of the one below.
uint8_t levels_of(uint64_t hash)
{
    const auto zeros = static_cast<size_t>(std::countr_zero(hash));
    return static_cast<uint8_t>(std::min(1 + zeros / 2, kMaxTopicLevels));
}

} // namespace

uint64_t hash_bytes(std::string_view bytes, uint64_t seed)
{
    constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    uint64_t state = seed ^ (bytes.size() * kMultiplier);
    while (bytes.size() >= 8) {
        uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        state = mix(state ^ word, kMultiplier);
        bytes.remove_prefix(8);
    }
    uint64_t rest = 0;
    std::memcpy(&rest, bytes.data(), bytes.size());
    return mix(state ^ rest, kMultiplier ^ seed);
}

uint64_t TopicTable::hash(std::string_view path) const
{
    return hash_bytes(path, header_.seed);
}

Topic** TopicTable::bucket(uint64_t hash) const
{
    return &header_.buckets[(hash >> 32) & (header_.bucket_count - 1)];
}

Topic* TopicTable::find(std::string_view path) const
{
    const uint64_t wanted = hash(path);
    for (Topic* topic = *bucket(wanted); topic != nullptr;
         topic = topic->hash_next) {
        if (topic->hash == wanted && topic->path() == path) {
            return topic;
        }
    }
    return nullptr;
}

void TopicTable::seek(std::string_view path, Links& links) const
{
    Topic** row = header_.first;
    for (size_t level = kMaxTopicLevels; level-- > 0;) {
        while (row[level] != nullptr && row[level]->path() < path) {
            row = row[level]->next();
        }
        links[level] = &row[level];
    }
}

Topic* TopicTable::first_from(std::string_view from) const
{
    Links links;
    seek(from, links);
    return *links[0];
}

Topic* TopicTable::first_after(std::string_view after) const
{
    Topic* topic = first_from(after);
    return topic != nullptr && topic->path() == after ? topic->next()[0]
                                                      : topic;
}

Topic* TopicTable::insert(Transaction& tx, std::string_view path)
{
    const uint64_t own_hash = hash(path);
    const uint8_t levels = levels_of(own_hash);
    void* block =
        tx.allocate(sizeof(Topic) + levels * sizeof(Topic*) + path.size());
    if (block == nullptr) {
        return nullptr;
    }

    auto* topic = new (block) Topic{};
    topic->hash = own_hash;
    topic->levels = levels;
    topic->path_bytes = static_cast<uint8_t>(path.size());
    topic->next_pos = 1;
    topic->hash_next = *bucket(own_hash);
    std::memcpy(topic->next() + levels, path.data(), path.size());

    Links links;
    seek(path, links);
    for (size_t level = 0; level < levels; level++) {
        topic->next()[level] = *links[level];
        tx.set(*links[level], topic);
    }
    tx.set(*bucket(own_hash), topic);
    return topic;
}

void TopicTable::erase(Transaction& tx, Topic& topic)
{
    Links links;
    seek(topic.path(), links);
    for (size_t level = 0; level < topic.levels; level++) {
        tx.set(*links[level], topic.next()[level]);
    }
    Topic** link = bucket(topic.hash);
    while (*link != &topic) {
        link = &(*link)->hash_next;
    }
    tx.set(*link, topic.hash_next);
    tx.release(&topic);
}

} // namespace ws_pubsub
