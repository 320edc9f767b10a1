// The blocks of a zone: of any size, in one piece of shared memory.
//
//   Heap │ tables │ block │ block │ … │ end
//
// Free blocks are listed by size class, 32 classes for each doubling of the
// size, and neighbours that are free are joined at once ("two-level segregated
// fit"). So a block is taken or given back at the cost of a few words, however
// large and full the zone is, and neighbours that go one after the other make
// room for something larger.
//
// Each word is written through the Transaction: a death amid a change of the
// heap is undone with all else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ws_pubsub {

class Transaction;

class Heap {
public:
    // Makes one of the `bytes` at `start`, which is 8-byte aligned, with
    // `table_bytes` of zeroes that stay; nullptr when that is too small.
    static Heap* create(void* start, size_t bytes, size_t table_bytes);

    void* tables() { return this + 1; }

    // 8-byte aligned; nullptr when there is no free block of that size.
    void* allocate(Transaction& tx, size_t bytes);
    // REQUIRES: allocate() returned the block.
    void release(Transaction& tx, void* block);

    // Of all free blocks, with what each of them would need for itself.
    [[nodiscard]] size_t free_bytes() const { return free_bytes_; }

private:
    friend class HeapCheck; // of the tests

    static constexpr unsigned kStepBits = 5; // 32 classes for each doubling
    static constexpr size_t kUnit = 8;       // bytes
    static constexpr uint64_t kMaxUnits = uint64_t{1} << 37; // 1 TiB
    static constexpr size_t kWordBits = 64;
    static constexpr size_t kClasses = (39 - kStepBits) << kStepBits;
    static constexpr size_t kWords = kClasses / kWordBits;
    static_assert(kClasses % kWordBits == 0);

    // In the last bits of `head`, which the size leaves free.
    static constexpr uint64_t kFree = 1;
    static constexpr uint64_t kPrevFree = 2; // the block before it is free
    static constexpr uint64_t kFlags = kUnit - 1;

    static constexpr size_t kHeadBytes = sizeof(uint64_t);
    struct Block {
        uint64_t head; // bytes of the payload, and flags
        // The payload. While the block is free it begins with these and ends
        // with a pointer to the block, by which the next one finds it.
        Block* next;
        Block* prev;

        [[nodiscard]] size_t bytes() const { return head & ~kFlags; }
        [[nodiscard]] bool is_free() const { return (head & kFree) != 0; }
        [[nodiscard]] bool is_prev_free() const
        {
            return (head & kPrevFree) != 0;
        }
        char* payload() { return reinterpret_cast<char*>(this) + kHeadBytes; }
        Block* behind()
        {
            return reinterpret_cast<Block*>(payload() + bytes());
        }
        Block*& footer() { return reinterpret_cast<Block**>(behind())[-1]; }
        // REQUIRES: is_prev_free().
        Block* before() { return reinterpret_cast<Block**>(this)[-1]; }
    };
    static constexpr size_t kLeastBytes = sizeof(Block); // next, prev, footer

    static uint64_t round_up(uint64_t units);
    static size_t class_of(uint64_t units);
    [[nodiscard]] Block* find(size_t size_class) const;
    void link(Transaction& tx, Block& block);
    void unlink(Transaction& tx, const Block& block);
    void make_free(Transaction& tx, Block& block, size_t bytes);

    uint64_t free_bytes_;
    Block* first_;
    Block* end_;              // not free, without a payload
    uint64_t listed_[kWords]; // a bit for each class that has free blocks
    Block* lists_[kClasses];
};

} // namespace ws_pubsub
