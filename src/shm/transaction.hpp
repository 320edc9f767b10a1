// The lock of a zone, which is also the only way to change it.
//
// A worker can be killed at any instruction, also between two writes that
// belong together. So every write to shared memory first notes the old value
// in the zone's undo log. Whoever takes the lock next and finds the log not
// empty puts the old values back: the change of the dead worker never
// happened. Blocks that a change frees are released after it is final, each by
// a change of its own.
#pragma once

#include <atomic>
#include <cassert>
#include <cstring>
#include <exception>

#include "shm/layout.hpp"
#include "shm/memory.hpp"

namespace ws_pubsub {

class Transaction {
public:
    // Takes the lock; repairs first what a dead process left.
    Transaction(Memory& memory, ZoneHeader& header);
    // Commits, or undoes what an exception has left half done, and gives the
    // lock back.
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    // Writes one field of a block that others can reach. (A block fresh from
    // allocate() may be filled without.)
    template <class T>
    void set(T& field, std::type_identity_t<T> value)
    {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
        uint64_t old = 0;
        std::memcpy(&old, &field, sizeof(T));
        note(&field, sizeof(T), old);
        field = value;
        fence();
    }

    // nullptr when the zone is full. Undone by rollback().
    void* allocate(size_t bytes);
    // The block stays as it is until commit().
    void release(void* block);

    // What was done so far is final.
    void commit();
    // What was done since the last commit() never happened.
    void rollback();

private:
    static constexpr unsigned kWidthShift = 56;
    static constexpr uint64_t kAddressMask = (uint64_t{1} << kWidthShift) - 1;

    // Only a crash of this very process is feared, not of the machine: it is
    // the compiler that must keep the order.
    static void fence() { std::atomic_signal_fence(std::memory_order_seq_cst); }
    void note(void* where, uint64_t width, uint64_t old)
    {
        const uint32_t count = undo_.count;
        assert(count < kUndoEntries);
        undo_.entries[count] = {
            reinterpret_cast<uint64_t>(where) | width << kWidthShift, old};
        fence();
        undo_.count = count + 1;
        fence();
    }
    void bury();

    Memory& memory_;
    ZoneHeader& header_;
    UndoLog& undo_;
    int exceptions_ = std::uncaught_exceptions(); // when it began
    bool repaired_ = false;
};

} // namespace ws_pubsub
