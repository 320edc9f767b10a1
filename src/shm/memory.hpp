// The port through which the shared memory code gets its memory and its lock.
//
// In nginx it is a Heap in a shared zone, and the zone's mutex, which the
// master releases when a worker dies holding it. In unit tests it is malloc.
#pragma once

#include <cstddef>
#include <string_view>

namespace ws_pubsub {

class Transaction;

class Memory {
public:
    Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    virtual ~Memory() = default;

    // Makes the memory of a new zone, before all else: so many zeroes, 8-byte
    // aligned, which stay; nullptr when there is no room.
    virtual void* create(size_t table_bytes) = 0;

    // Both are undone with the transaction that they are made in. A block is
    // 8-byte aligned and lies at the same address in every process; nullptr
    // when there is no room.
    virtual void* allocate(Transaction& tx, size_t bytes) = 0;
    virtual void release(Transaction& tx, void* block) = 0;

    virtual void lock() = 0;
    virtual void unlock() = 0;

    // Bytes not given to anybody. They may be in many pieces.
    [[nodiscard]] virtual size_t free_bytes() const = 0;

    // Called without the lock after a change that a dead process left half
    // done was undone: say so in the log.
    virtual void repaired() = 0;
    // Called without the lock after a message was refused because the zone
    // `why`, like "is full": say so in the log, not too often.
    virtual void refused(std::string_view why) = 0;
};

// Tells workers that their inbox is no longer empty. Called without the lock.
class Waker {
public:
    Waker() = default;
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;
    virtual ~Waker() = default;

    // `number` is what the worker gave to Workers::attach().
    virtual void wake(size_t worker, int number) = 0;
};

} // namespace ws_pubsub
