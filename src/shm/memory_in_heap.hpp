// A zone's memory whose blocks are a Heap's. Where that lies, and what the lock
// is, is for others to say.
#pragma once

#include <cstddef>

#include "shm/heap.hpp"
#include "shm/memory.hpp"

namespace ws_pubsub {

class MemoryInHeap : public Memory {
public:
    void* allocate(Transaction& tx, size_t bytes) override
    {
        return heap_->allocate(tx, bytes);
    }
    void release(Transaction& tx, void* block) override
    {
        heap_->release(tx, block);
    }
    [[nodiscard]] size_t free_bytes() const override
    {
        return heap_->free_bytes();
    }
    [[nodiscard]] const Heap& heap() const { return *heap_; }

protected:
    // `heap`: where one is, or will be made by make_heap().
    explicit MemoryInHeap(void* heap) : heap_(static_cast<Heap*>(heap)) {}

    // For create(): makes the heap, of so many bytes from `start` on; null:
    // there is no room.
    void* make_heap(void* start, size_t bytes, size_t table_bytes)
    {
        heap_ = start == nullptr ? nullptr
                                 : Heap::create(start, bytes, table_bytes);
        return heap_ == nullptr ? nullptr : heap_->tables();
    }

private:
    Heap* heap_; // at the same address in every process
};

} // namespace ws_pubsub
