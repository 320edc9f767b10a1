// A zone's memory that processes share, for tests that kill them.
//
// The heap is nginx's, in an anonymous mapping: a test may kill anywhere.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>
#include <span>

#include <sched.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "shm/heap.hpp"
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
        owner_ = new (map) std::atomic<pid_t>{0};
        heap_ = reinterpret_cast<Heap*>(static_cast<char*>(map) + kHeapAt);
    }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    ~SharedMemory() override { munmap(static_cast<void*>(owner_), bytes_); }

    // What nginx's master does for a worker that has died.
    void force_unlock(pid_t dead) { owner_->compare_exchange_strong(dead, 0); }
    [[nodiscard]] const Heap& heap() const { return *heap_; }
    // All of it, and the lock.
    [[nodiscard]] std::span<char> bytes()
    {
        return {reinterpret_cast<char*>(owner_), bytes_};
    }

    void* create(size_t table_bytes) override
    {
        Heap* made = Heap::create(heap_, bytes_ - kHeapAt, table_bytes);
        return made == nullptr ? nullptr : made->tables();
    }
    void* allocate(Transaction& tx, size_t bytes) override
    {
        return heap_->allocate(tx, bytes);
    }
    void release(Transaction& tx, void* block) override
    {
        heap_->release(tx, block);
    }
    void lock() override
    {
        pid_t nobody = 0;
        while (!owner_->compare_exchange_weak(nobody, getpid())) {
            nobody = 0;
            sched_yield();
        }
    }
    void unlock() override { *owner_ = 0; }
    [[nodiscard]] size_t free_bytes() const override
    {
        return heap_->free_bytes();
    }
    void repaired() override {}
    void refused() override {}

private:
    static constexpr size_t kHeapAt = 64;

    size_t bytes_;
    std::atomic<pid_t>* owner_ = nullptr; // of the lock; 0: nobody
    Heap* heap_ = nullptr;
};

} // namespace ws_pubsub
