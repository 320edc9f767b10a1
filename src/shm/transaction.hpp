// The lock of a zone, which is also the only way to change it.
//
// A worker can be killed at any instruction, also between two writes that
// belong together. So every write to shared memory first notes the old value
// in the zone's undo log. Whoever takes the lock next and finds the log not
// empty puts the old values back: the change of the dead worker never
// happened. Blocks that a change frees are released after it is final, each by
// a change of its own.
//
// Workers that the changes are news for are woken once the lock is free.
#pragma once

#include <atomic>
#include <cassert>
#include <cstring>
#include <exception>
#include <type_traits>

#include "shm/memory.hpp"
#include "shm/wakes.hpp"
#include "shm/zone_access.hpp"
#include "shm/zone_base.hpp"

namespace ws_pubsub {

class Transaction {
public:
    // Takes the lock; repairs first what a dead process left.
    explicit Transaction(ZoneAccess& access)
        : Transaction(access.memory, access.zone, &access.wakes)
    {}
    // Without `wakes` nobody may be woken.
    Transaction(Memory& memory, ZoneBase& zone, Wakes* wakes = nullptr);
    // Commits, or undoes what an exception has left half done, gives the lock
    // back and wakes whom it has to.
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
    // Once the change is final and the lock is free. Undone by rollback().
    void wake(size_t worker, int32_t number)
    {
        wakes_->add(worker, number, change_);
    }

    // What was done so far is final.
    void commit();
    // What was done since the last commit() never happened.
    void rollback();

    // A place in the change at hand, to which rollback_to() goes back. Whom was
    // to be woken since is woken all the same.
    [[nodiscard]] uint32_t mark() const { return undo_.count; }
    void rollback_to(uint32_t mark) { undo(mark); }
    // How many writes more the change may have.
    [[nodiscard]] size_t writes_left() const
    {
        return kUndoEntries - undo_.count;
    }

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
    void undo(uint32_t down_to = 0);
    void give_back_released();

    Memory& memory_;
    ZoneBase& zone_;
    Wakes* wakes_;
    UndoLog& undo_;
    int exceptions_ = std::uncaught_exceptions(); // when it began
    uint32_t change_ = 0; // how many were final before the one at hand
    bool repaired_ = false;
};

} // namespace ws_pubsub
