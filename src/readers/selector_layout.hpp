// What lies in a zone of selectors: see readers/selector_tree.hpp, and
// readers/layout.hpp for the rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ws_pubsub {

struct SelectorRecord;
struct OverlapPart;

// What selectors with wildcards begin with: a segment, behind those of the
// parent. See readers/selector_tree.hpp.
struct SelectorNode {
    SelectorNode* hash_next; // of those of literal segments, and exact ones
    SelectorNode* parent;    // null: it is the root, or an exact selector
    SelectorNode* any;       // below "*"
    SelectorNode* rest;      // below "**"
    SelectorRecord* records; // of the selector that ends here
    OverlapPart* parts;      // and the overlaps that it is in
    uint64_t hash;
    uint32_t users; // children, and overlaps whose widest selector ends here
    uint8_t segment_bytes;

    [[nodiscard]] size_t bytes() const
    {
        return sizeof(SelectorNode) + segment_bytes;
    }
    // Of an exact selector all of it.
    [[nodiscard]] std::string_view segment() const
    {
        return {reinterpret_cast<const char*>(this + 1), segment_bytes};
    }
};

// That an overlap, see below, has the selector of a node.
struct OverlapPart {
    OverlapPart* prev; // of the same node
    OverlapPart* next;
    SelectorNode* node;
    SelectorRecord* overlap;
};

// That sessions of a worker are subscribed to a selector with wildcards, so
// that the worker is told of topics that come to be; or to an exact one, whose
// sessions are counted.
//
// Or an overlap: that sessions of a worker are subscribed to all of several
// selectors, so that of each topic which matches more than one of them they
// are counted too often. It has a part for each of these selectors but the one
// with the shortest text before its first wildcard, the widest: a topic that
// matches two of them is found by the others.
struct SelectorRecord {
    SelectorNode* node;        // of an overlap, that of the widest
    SelectorRecord* node_prev; // not of an overlap, nor is the next
    SelectorRecord* node_next;
    SelectorRecord* worker_prev;
    SelectorRecord* worker_next;
    uint32_t sessions;
    uint32_t part_count; // that are linked, of so many that there is room for
    uint32_t all_parts;
    uint16_t worker;
    bool overlap;

    static size_t bytes_of(size_t parts)
    {
        return sizeof(SelectorRecord) + parts * sizeof(OverlapPart);
    }
    OverlapPart* parts() { return reinterpret_cast<OverlapPart*>(this + 1); }
};

static_assert(sizeof(SelectorNode) == 64);
static_assert(sizeof(SelectorRecord) == 56);
static_assert(sizeof(OverlapPart) == 32);

} // namespace ws_pubsub
