#include "topics/topic_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ws_pubsub {

namespace {

// Of the n-th topic that was ever inserted. Each level holds a quarter of the
// one below. Nobody can choose topics that have few levels: a level has nothing
// to do with the topic's name, and is another one when the topic comes again.
uint8_t random_levels(uint64_t n, const HashKey& key)
{
    const uint64_t random =
        keyed_hash({reinterpret_cast<const char*>(&n), sizeof(n)}, key);
    const auto zeros = static_cast<size_t>(std::countr_zero(random));
    return static_cast<uint8_t>(std::min(1 + zeros / 2, kMaxTopicLevels));
}

} // namespace

uint64_t TopicTable::hash(std::string_view path) const
{
    return keyed_hash(path, header_.hash_key);
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
    const uint8_t levels = random_levels(header_.inserts, header_.hash_key);
    void* block = tx.allocate(Topic::bytes_of(levels, path));
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
    tx.set(header_.inserts, header_.inserts + 1);
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
