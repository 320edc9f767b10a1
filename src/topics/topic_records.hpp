// The records of topics: how they come to be, and when they go.
//
// A record is there while its topic exists (its epoch is not 0), and as long as
// somebody reads it or waits for it.
//
// All REQUIRE the lock.
#pragma once

#include <string_view>

#include "shm/transaction.hpp"
#include "topics/layout.hpp"
#include "topics/readers.hpp"
#include "topics/topic_table.hpp"

namespace ws_pubsub {

class TopicRecords {
public:
    TopicRecords(TopicsHeader& header, Readers& readers)
        : header_(header), readers_(readers), table_(header)
    {}

    [[nodiscard]] const TopicTable& table() const { return table_; }
    [[nodiscard]] Topic* find(std::string_view path) const
    {
        return table_.find(path);
    }
    // Also a new one, of a topic that does not exist; nullptr when the zone is
    // full.
    Topic* find_or_make(Transaction& tx, std::string_view path)
    {
        Topic* topic = table_.find(path);
        return topic != nullptr ? topic : make(tx, path);
    }
    // The topic comes to be. False when the zone is full.
    bool begin(Transaction& tx, Topic& topic);
    // The same of one that is there since before this zone was made, or was
    // filled; its log, which is empty, is for the caller. nullptr when the zone
    // is full, or has it.
    Topic* restore(Transaction& tx, std::string_view path, const Position& at);
    // The topic ceases to be; what is left of it goes as it is read.
    void end(Transaction& tx, Topic& topic);
    // Frees the record and commits, if nobody needs it.
    void free_if_unused(Transaction& tx, Topic& topic);

private:
    Topic* make(Transaction& tx, std::string_view path);

    TopicsHeader& header_;
    Readers& readers_;
    TopicTable table_;
};

} // namespace ws_pubsub
