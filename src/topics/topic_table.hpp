// Finds topics by path, and walks them in path order.
//
// A hash table serves the common case; a skip list keeps the bytewise order
// of paths for listing and paging. Both link the same Topic records.
#pragma once

#include <string_view>

#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

class TopicTable {
public:
    explicit TopicTable(TopicsHeader& header) : header_(header) {}

    // All REQUIRE the lock.
    [[nodiscard]] Topic* find(std::string_view path) const;
    // The first topic in path order whose path is > `after`, or >= it.
    [[nodiscard]] Topic* first_after(std::string_view after) const;
    [[nodiscard]] Topic* first_from(std::string_view from) const;
    // REQUIRES: no topic has the path. nullptr when the zone is full.
    Topic* insert(Transaction& tx, std::string_view path);
    void erase(Transaction& tx, Topic& topic);

private:
    using Links = Topic** [kMaxTopicLevels];

    [[nodiscard]] uint64_t hash(std::string_view path) const;
    [[nodiscard]] Topic** bucket(uint64_t hash) const;
    // For each level the link that leads to the first path >= `path`.
    void seek(std::string_view path, Links& links) const;

    TopicsHeader& header_;
};

} // namespace ws_pubsub
