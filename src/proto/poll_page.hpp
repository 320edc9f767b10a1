// What a poll is answered: of all topics that its selectors match, messages in
// the order in which the zone took them, up to one place in that order: so that
// the next poll goes on just there.
//
// Topics are gone through in path order, in the turns that all share. Of what
// they have only the earliest is kept that fits into a page; what comes after
// it is left to the next.
//
// Thread safety: none; a poll's own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/topic.hpp"
#include "broker/reader.hpp"
#include "broker/shared_turns.hpp"

namespace ws_pubsub {

class PollPage {
public:
    // The selectors outlive it. What is published from now on is not in it.
    PollPage(const Reader& reader, const std::vector<Selector>& selectors,
             const ReadFrom& from)
        : reader_(reader), selectors_(selectors), from_(from),
          cursor_(reader.cursor())
    {}

    // One step. True: that was the last.
    bool step(size_t& left);

    // REQUIRES, of these: it has made the last step.
    [[nodiscard]] bool empty() const { return items_.empty(); }
    // Up to where.
    [[nodiscard]] const Cursor& cursor() const { return cursor_; }
    // {"items":[…],"cursor":…,"more":…}
    [[nodiscard]] std::string text(bool is_reset);
    // The same of a poll for which there is nothing.
    [[nodiscard]] static std::string nothing(const Cursor& cursor);

private:
    struct Item {
        uint64_t number;
        uint64_t order; // in which it was found
        std::string json;
        bool operator<(const Item& other) const
        {
            return number != other.number ? number < other.number
                                          : order < other.order;
        }
    };

    bool list(size_t& left);
    void read(const TopicRow& row, size_t& left);
    void add_gap(const TopicRow& row, const ReadAnswer& answer,
                 uint64_t number);
    void add(uint64_t number, std::string json);
    [[nodiscard]] bool is_of_earlier(const std::string& path) const;

    const Reader reader_;
    const std::vector<Selector>& selectors_;
    const ReadFrom from_;
    Cursor cursor_;
    bool more_ = false;

    size_t selector_ = 0; // that is looked at,
    std::string after_;   // behind this topic
    std::vector<TopicRow> rows_;
    size_t row_ = 0;
    bool listed_ = false; // all of the selector
    Batch batch_;

    std::vector<Item> items_; // a heap, the last one on top
    size_t bytes_ = 0;
    uint64_t found_ = 0;
};

} // namespace ws_pubsub
