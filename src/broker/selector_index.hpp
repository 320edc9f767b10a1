// Which subscriptions a topic concerns.
//
// A trie by segments: each edge is a literal segment or a wildcard, each node
// stands for the selector spelled on the way to it. A topic walks down the
// literal edge and the "*" edge at once, so the walk sees only selectors that
// begin as the topic does, however many others there are; a "**" matches as
// soon as the walk reaches the node it hangs from.
//
// The index owns neither the entries nor any text of theirs. It does not care
// whether its selectors are exact or not.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/limits.hpp"
#include "base/name_hash.hpp"
#include "base/topic.hpp"

namespace ws_pubsub {

// Not thread-safe.
// Invariant: every node but the root leads to at least one entry; size_ is the
// number of entries.
template <class T>
class SelectorIndex {
public:
    // Makes `entry` the entry of `selector`, in the place of one that may be
    // there. REQUIRES: `entry` is not null and stays valid until removed.
    void add(const Selector& selector, T* entry);

    // No effect when `selector` has no entry.
    void remove(const Selector& selector);

    // The entry of that very selector, or null.
    [[nodiscard]] T* find(const Selector& selector) const;

    // Calls f(T&) once for each entry whose selector matches `topic`, in no
    // particular order. REQUIRES: is_topic(topic); `f` does not add to or
    // remove from this index.
    template <class F>
    void match(std::string_view topic, F&& f) const;

    // How many entries there are.
    [[nodiscard]] size_t size() const { return size_; }

private:
    struct Node {
        std::unordered_map<std::string, std::unique_ptr<Node>, NameHash,
                           std::equal_to<>>
            literals;
        std::unique_ptr<Node> any; // below "*"
        T* here = nullptr;         // the selector that ends at this node
        T* rest = nullptr;         // the one that ends in "**" below it

        [[nodiscard]] bool empty() const
        {
            return literals.empty() && !any && !here && !rest;
        }

        [[nodiscard]] Node* child(std::string_view segment) const
        {
            if (segment == kOneSegment) {
                return any.get();
            }
            const auto found = literals.find(segment);
            return found == literals.end() ? nullptr : found->second.get();
        }

        Node* make_child(std::string_view segment)
        {
            auto& slot =
                segment == kOneSegment ? any : literals[std::string(segment)];
            if (!slot) {
                slot = std::make_unique<Node>();
            }
            return slot.get();
        }

        void drop_child(std::string_view segment)
        {
            if (segment == kOneSegment) {
                any.reset();
            } else if (const auto found = literals.find(segment);
                       found != literals.end()) {
                literals.erase(found);
            }
        }
    };

    // From a node to one of its children.
    struct Edge {
        Node* from = nullptr;
        std::string_view segment;
    };

    // A node to look at, and where in the topic its children's segment begins
    // (past the topic's size: there is none).
    struct Visit {
        const Node* node = nullptr;
        size_t at = 0;
    };

    Node root_;
    size_t size_ = 0;
};

template <class T>
void SelectorIndex<T>::add(const Selector& selector, T* entry)
{
    Node* node = &root_;
    T** slot = &node->here;
    SegmentReader segments(selector.text());
    std::string_view segment;
    while (segments.next(segment)) {
        if (segment == kOneOrMoreSegments) {
            slot = &node->rest;
        } else {
            node = node->make_child(segment);
            slot = &node->here;
        }
    }
    if (std::exchange(*slot, entry) == nullptr) {
        ++size_;
    }
}

template <class T>
void SelectorIndex<T>::remove(const Selector& selector)
{
    std::array<Edge, kMaxTopicSegments> path;
    size_t depth = 0;
    Node* node = &root_;
    T** slot = &node->here;
    SegmentReader segments(selector.text());
    std::string_view segment;
    while (segments.next(segment)) {
        if (segment == kOneOrMoreSegments) {
            slot = &node->rest;
            break;
        }
        path[depth++] = {node, segment};
        node = node->child(segment);
        if (node == nullptr) {
            return;
        }
        slot = &node->here;
    }
    if (std::exchange(*slot, nullptr) == nullptr) {
        return;
    }
    --size_;
    while (depth > 0 && node->empty()) {
        const Edge& edge = path[--depth];
        edge.from->drop_child(edge.segment);
        node = edge.from;
    }
}

template <class T>
T* SelectorIndex<T>::find(const Selector& selector) const
{
    const Node* node = &root_;
    SegmentReader segments(selector.text());
    std::string_view segment;
    while (segments.next(segment)) {
        if (segment == kOneOrMoreSegments) {
            return node->rest;
        }
        node = node->child(segment);
        if (node == nullptr) {
            return nullptr;
        }
    }
    return node->here;
}

template <class T>
template <class F>
void SelectorIndex<T>::match(std::string_view topic, F&& f) const
{
    // Depth first: a visit leaves at most two for the next level, of which one
    // waits while the other goes down.
    std::array<Visit, kMaxTopicSegments + 1> stack;
    size_t depth = 0;
    stack[depth++] = {&root_, 0};
    while (depth > 0) {
        const Visit visit = stack[--depth];
        if (visit.at > topic.size()) {
            if (visit.node->here != nullptr) {
                f(*visit.node->here);
            }
            continue;
        }
        const bool wild = visit.at > 0 || !is_reserved(topic);
        if (wild && visit.node->rest != nullptr) {
            f(*visit.node->rest);
        }
        const size_t end = std::min(topic.find('/', visit.at), topic.size());
        if (wild && visit.node->any) {
            stack[depth++] = {visit.node->any.get(), end + 1};
        }
        const auto found =
            visit.node->literals.find(topic.substr(visit.at, end - visit.at));
        if (found != visit.node->literals.end()) {
            stack[depth++] = {found->second.get(), end + 1};
        }
    }
}

} // namespace ws_pubsub
