// Walks all blocks of a heap and says what does not fit together.
#pragma once

#include <algorithm>
#include <set>
#include <string>

#include "shm/heap.hpp"
#include "support/check_zone.hpp"

namespace ws_pubsub {

class HeapCheck {
public:
    explicit HeapCheck(const Heap& heap) : heap_(const_cast<Heap&>(heap))
    {
        check_blocks();
        check_lists();
    }

    // Empty when all is well.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    // The blocks that are not free, as allocate() returned them.
    [[nodiscard]] const std::set<const void*>& used() const { return used_; }
    [[nodiscard]] size_t largest_free() const { return largest_free_; }
    [[nodiscard]] size_t free_blocks() const { return free_.size(); }
    // All bytes of it that mean something.
    [[nodiscard]] std::string image() const
    {
        std::string bytes(reinterpret_cast<const char*>(&heap_), sizeof(Heap));
        const auto add = [&](const void* start, size_t count) {
            bytes.append(static_cast<const char*>(start), count);
        };
        Heap::Block* block = heap_.first_;
        for (; block < heap_.end_; block = block->behind()) {
            if (block->is_free()) {
                add(block, sizeof(*block));
                add(&block->footer(), sizeof(block));
            } else {
                add(block, Heap::kHeadBytes + block->bytes());
            }
        }
        add(block, Heap::kHeadBytes);
        return bytes;
    }

private:
    void expect(bool holds, const char* text)
    {
        if (!holds && fault_.empty()) {
            fault_ = text;
        }
    }

    void check_blocks()
    {
        Heap::Block* before = nullptr;
        Heap::Block* block = heap_.first_;
        size_t free_bytes = 0;
        for (; block < heap_.end_; block = block->behind()) {
            const bool after_free = before != nullptr && before->is_free();
            expect(block->is_prev_free() == after_free, "a wrong flag");
            if (block->is_free()) {
                expect(!after_free, "free neighbours");
                expect(block->footer() == block, "a wrong footer");
                expect(block->bytes() >= Heap::kLeastBytes, "a tiny block");
                free_.insert(block);
                free_bytes += block->bytes() + Heap::kHeadBytes;
                largest_free_ = std::max(largest_free_, block->bytes());
            } else {
                used_.insert(block->payload());
            }
            before = block;
        }
        expect(block == heap_.end_, "blocks that overlap");
        expect(!heap_.end_->is_free() && heap_.end_->bytes() == 0 &&
                   heap_.end_->is_prev_free() == (before && before->is_free()),
               "a wrong end");
        expect(free_bytes == heap_.free_bytes(), "free_bytes() is wrong");
    }

    void check_lists()
    {
        size_t listed = 0;
        for (size_t i = 0; i < Heap::kClasses; i++) {
            const Heap::Block* prev = nullptr;
            const uint64_t bit =
                heap_.listed_[i / Heap::kWordBits] >> i % Heap::kWordBits & 1;
            expect((bit != 0) == (heap_.lists_[i] != nullptr), "a wrong bit");
            for (Heap::Block* block = heap_.lists_[i]; block != nullptr;
                 block = block->next) {
                expect(free_.contains(block), "a strange block in a list");
                expect(Heap::class_of(block->bytes() / Heap::kUnit) == i,
                       "a block in a wrong list");
                expect(block->prev == prev, "a wrong link");
                if (++listed > free_.size() || !fault_.empty()) {
                    return expect(false, "a circle of free blocks");
                }
                prev = block;
            }
        }
        expect(listed == free_.size(), "a free block in no list");
    }

    Heap& heap_;
    std::string fault_;
    std::set<const Heap::Block*> free_;
    std::set<const void*> used_;
    size_t largest_free_ = 0;
};

// Of a zone that may have been left by a process that died, and of the heap
// that it is in: they agree on what is in use.
inline std::string fault_of(ZoneHeader& header, const Heap& heap)
{
    const ZoneCheck zone(header, Unused::allowed);
    const HeapCheck blocks(heap);
    if (!zone.fault().empty() || !blocks.fault().empty()) {
        return zone.fault() + blocks.fault();
    }
    return blocks.used() == zone.blocks() ? "" : "a leak";
}

} // namespace ws_pubsub
