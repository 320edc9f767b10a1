#include "readers/selector_tree.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/topic.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

bool is_used(const SelectorNode& node)
{
    return node.users > 0 || node.records != nullptr || node.parts != nullptr;
}

// Where the parent finds a child that is no literal segment; null: it is one.
SelectorNode** place_of(SelectorNode& parent, std::string_view segment)
{
    if (segment == kOneSegment) {
        return &parent.any;
    }
    return segment == kOneOrMoreSegments ? &parent.rest : nullptr;
}

} // namespace

uint64_t SelectorTree::hash(const SelectorNode* parent,
                            std::string_view segment) const
{
    const HashKey& key = header_.hash_key;
    return keyed_hash(
        segment, {key.first ^ reinterpret_cast<uint64_t>(parent), key.second});
}

SelectorNode** SelectorTree::bucket(uint64_t hash)
{
    return &header_
                .selector_buckets[hash & (header_.selector_bucket_count - 1)];
}

SelectorNode* SelectorTree::find(const SelectorNode* parent,
                                 std::string_view segment)
{
    const uint64_t wanted = hash(parent, segment);
    SelectorNode* node = *bucket(wanted);
    while (node != nullptr && (node->hash != wanted || node->parent != parent ||
                               node->segment() != segment)) {
        node = node->hash_next;
    }
    return node;
}

SelectorNode* SelectorTree::child(SelectorNode& parent,
                                  std::string_view segment)
{
    SelectorNode* const* place = place_of(parent, segment);
    return place != nullptr ? *place : find(&parent, segment);
}

// No parent: an exact selector. nullptr when the zone is full.
SelectorNode* SelectorTree::insert(Transaction& tx, SelectorNode* parent,
                                   std::string_view segment)
{
    void* block = tx.allocate(sizeof(SelectorNode) + segment.size());
    if (block == nullptr) {
        return nullptr;
    }
    auto* node = new (block) SelectorNode{};
    node->parent = parent;
    node->segment_bytes = static_cast<uint8_t>(segment.size());
    std::memcpy(node + 1, segment.data(), segment.size());
    SelectorNode** place =
        parent == nullptr ? nullptr : place_of(*parent, segment);
    if (place == nullptr) {
        node->hash = hash(parent, segment);
        place = bucket(node->hash);
        node->hash_next = *place;
    }
    tx.set(*place, node);
    if (parent != nullptr) {
        tx.set(parent->users, parent->users + 1);
    }
    Shares(header_, tx).hold(node->bytes());
    return node;
}

SelectorNode* SelectorTree::make(Transaction& tx, std::string_view selector)
{
    if (selector.find('*') == std::string_view::npos) {
        SelectorNode* exact = find(nullptr, selector);
        return exact != nullptr ? exact : insert(tx, nullptr, selector);
    }
    SelectorNode* node = &header_.selector_root;
    SegmentReader segments(selector);
    std::string_view segment;
    while (node != nullptr && segments.next(segment)) {
        SelectorNode* next = child(*node, segment);
        node = next != nullptr ? next : insert(tx, node, segment);
    }
    return node;
}

void SelectorTree::unlink(Transaction& tx, SelectorNode& node)
{
    SelectorNode* parent = node.parent;
    SelectorNode** place =
        parent == nullptr ? nullptr : place_of(*parent, node.segment());
    if (place == nullptr) {
        place = bucket(node.hash);
        while (*place != &node) {
            place = &(*place)->hash_next;
        }
    }
    tx.set(*place, node.hash_next);
    if (parent != nullptr) {
        tx.set(parent->users, parent->users - 1);
    }
}

void SelectorTree::prune(Transaction& tx, SelectorNode& node)
{
    SelectorNode* last = &node;
    while (last != nullptr && last != &header_.selector_root &&
           !is_used(*last)) {
        SelectorNode* parent = last->parent;
        unlink(tx, *last);
        Shares(header_, tx).let_go(last->bytes());
        tx.release(last);
        last = parent;
    }
}

bool SelectorTree::match(std::string_view path, size_t& steps,
                         std::vector<SelectorNode*>& out)
{
    struct Visit {
        SelectorNode* node;
        size_t at; // where its children's segment begins; past the path: none
    };
    // Depth first: a visit leaves at most two for the next level, of which one
    // waits while the other goes down.
    std::array<Visit, kMaxTopicSegments + 1> stack{};
    size_t depth = 0;
    stack[depth++] = {&header_.selector_root, 0};
    for (; depth > 0 && steps > 0; steps--) {
        const auto [node, at] = stack[--depth];
        if (at > path.size()) {
            out.push_back(node);
            continue;
        }
        const bool wild = at > 0 || !is_reserved(path);
        if (wild && node->rest != nullptr) {
            out.push_back(node->rest);
        }
        const size_t end = std::min(path.find('/', at), path.size());
        if (wild && node->any != nullptr) {
            stack[depth++] = {node->any, end + 1};
        }
        if (node->users == 0) {
            continue;
        }
        SelectorNode* literal = find(node, path.substr(at, end - at));
        if (literal != nullptr) {
            stack[depth++] = {literal, end + 1};
        }
    }
    return depth == 0;
}

} // namespace ws_pubsub
