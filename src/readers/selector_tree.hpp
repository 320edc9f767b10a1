// The selectors of a zone, found by the topics that they match.
//
// A tree by segments: each node stands for the selector that is spelled on the
// way to it. A topic walks down the node of its own segment and that of "*" at
// once, so a walk meets those nodes only of which the selector begins as the
// topic does, however many others there are. From one node there are two ways
// on at most: a walk meets no more nodes than there are, and no more than two
// to the power of the topic's segments.
//
// Literal segments are found by a hash table that all nodes share, "*" and "**"
// by their parent. An exact selector is one node outside of the tree, found by
// its whole text: no walk meets it.
#pragma once

#include <string_view>
#include <vector>

#include "readers/layout.hpp"
#include "shm/transaction.hpp"

namespace ws_pubsub {

class SelectorTree {
public:
    explicit SelectorTree(ZoneHeader& header) : header_(header) {}

    // All REQUIRE the lock.
    // The node of the selector of that text, made if there is none; nullptr
    // when the zone is full, with some of it made.
    SelectorNode* make(Transaction& tx, std::string_view selector);
    // Frees the node if nobody needs it, and those above that it needed.
    void prune(Transaction& tx, SelectorNode& node);
    // Appends the nodes of all selectors that match the topic. Each node met
    // takes one of `steps`; false when they did not suffice.
    bool match(std::string_view path, size_t& steps,
               std::vector<SelectorNode*>& out);

private:
    [[nodiscard]] uint64_t hash(const SelectorNode* parent,
                                std::string_view segment) const;
    SelectorNode** bucket(uint64_t hash);
    SelectorNode* find(const SelectorNode* parent, std::string_view segment);
    SelectorNode* child(SelectorNode& parent, std::string_view segment);
    SelectorNode* insert(Transaction& tx, SelectorNode* parent,
                         std::string_view segment);
    void unlink(Transaction& tx, SelectorNode& node);

    ZoneHeader& header_;
};

} // namespace ws_pubsub
