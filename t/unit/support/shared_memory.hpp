// A zone's memory that processes share, for tests that kill them.
//
// An arena in an anonymous shared mapping: free lists by size, and fresh
// memory behind them. Each step of it becomes visible by one store, so that a
// death at any instruction, also in here, loses one block at most: a test may
// kill anywhere. (nginx's slab pool promises less; that is not what is tested
// here.)
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <new>

#include <sched.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "shm/memory.hpp"

namespace ws_pubsub {

class SharedMemory final : public Memory {
public:
    explicit SharedMemory(size_t bytes) : bytes_(bytes)
    {
        void* map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            std::abort();
        }
        arena_ = new (map) Arena{};
        arena_->fresh = sizeof(Arena);
    }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    ~SharedMemory() override { munmap(static_cast<void*>(arena_), bytes_); }

    // What nginx's master does for a worker that has died.
    void force_unlock(pid_t dead)
    {
        arena_->owner.compare_exchange_strong(dead, 0);
    }
    void* allocate(size_t bytes) override
    {
        const size_t size = std::bit_ceil(bytes < 16 ? 16 : bytes);
        std::atomic<Block*>& head = list_of(size);
        Block* block = head;
        if (block == nullptr) {
            const size_t at = arena_->fresh;
            if (size + sizeof(Block) > bytes_ - at) {
                return nullptr;
            }
            arena_->used += size;
            arena_->fresh = at + sizeof(Block) + size;
            block = new (start() + at) Block{size, nullptr};
        } else {
            arena_->used += size;
            head = block->next.load();
        }
        return block + 1;
    }
    void release(void* memory) override
    {
        Block* block = static_cast<Block*>(memory) - 1;
        const size_t size = block->size;
        std::atomic<Block*>& head = list_of(size);
        block->next = head.load();
        head = block;
        arena_->used -= size;
    }
    void lock() override
    {
        pid_t nobody = 0;
        while (!arena_->owner.compare_exchange_weak(nobody, getpid())) {
            nobody = 0;
            sched_yield();
        }
    }
    void unlock() override { arena_->owner = 0; }
    [[nodiscard]] size_t free_bytes() const override
    {
        const size_t used = arena_->used;
        return used < bytes_ ? bytes_ - used : 0;
    }
    void repaired() override {}
    void refused() override {}

private:
    struct alignas(16) Block {
        size_t size;
        std::atomic<Block*> next; // of those that are free
    };
    struct alignas(16) Arena {
        std::atomic<pid_t> owner;  // of the lock; 0: nobody
        std::atomic<size_t> fresh; // where memory that nobody had begins
        std::atomic<size_t> used;
        std::array<std::atomic<Block*>, 64> free; // by size, a power of two
    };

    [[nodiscard]] std::byte* start() const
    {
        return reinterpret_cast<std::byte*>(arena_);
    }
    std::atomic<Block*>& list_of(size_t size)
    {
        return arena_->free[static_cast<size_t>(std::countr_zero(size))];
    }

    size_t bytes_;
    Arena* arena_ = nullptr;
};

} // namespace ws_pubsub
