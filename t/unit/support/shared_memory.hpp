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

#include "shm/memory_in_heap.hpp"

namespace ws_pubsub {

class SharedMemory final : public MemoryInHeap {
public:
    explicit SharedMemory(size_t bytes) : SharedMemory(map(bytes), bytes) {}
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    ~SharedMemory() override { munmap(static_cast<void*>(owner_), bytes_); }

    // What nginx's master does for a worker that has died.
    void force_unlock(pid_t dead) { owner_->compare_exchange_strong(dead, 0); }
    // All of it, and the lock.
    [[nodiscard]] std::span<char> bytes() { return {start(), bytes_}; }

    void* create(size_t table_bytes) override
    {
        return make_heap(start() + kHeapAt, bytes_ - kHeapAt, table_bytes);
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
    void repaired() override {}
    void refused(std::string_view /*why*/) override {}

private:
    static constexpr size_t kHeapAt = 64;

    SharedMemory(char* start, size_t bytes)
        : MemoryInHeap(start + kHeapAt), bytes_(bytes),
          owner_(new (start) std::atomic<pid_t>{0})
    {}

    static char* map(size_t bytes)
    {
        void* map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            std::abort();
        }
        return static_cast<char*>(map);
    }
    char* start() { return reinterpret_cast<char*>(owner_); }

    size_t bytes_;
    std::atomic<pid_t>* owner_; // of the lock; 0: nobody
};

} // namespace ws_pubsub
