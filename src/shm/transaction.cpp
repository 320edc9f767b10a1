#include "shm/transaction.hpp"

#include <cassert>

namespace ws_pubsub {

namespace {

constexpr unsigned kWidthShift = 56;
constexpr uint64_t kAddressMask = (uint64_t{1} << kWidthShift) - 1;

// Only a crash of this very process is feared, not of the machine: it is the
// compiler that must keep the order.
void fence()
{
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

void* next_grave(void* block)
{
    void* next = nullptr;
    std::memcpy(static_cast<void*>(&next), block, sizeof(next));
    return next;
}

} // namespace

Transaction::Transaction(Memory& memory, ZoneHeader& header)
    : memory_(memory), header_(header)
{
    memory_.lock();
    if (header_.undo->count != 0 || header_.graveyard != nullptr) {
        repaired_ = true;
        rollback();
        bury();
        header_.totals.repairs++;
    }
}

Transaction::~Transaction()
{
    commit();
    memory_.unlock();
    if (repaired_) {
        memory_.repaired();
    }
}

void Transaction::note(void* where, uint64_t width, uint64_t old)
{
    UndoLog& undo = *header_.undo;
    assert(undo.count < kUndoEntries);
    undo.entries[undo.count] = {
        reinterpret_cast<uint64_t>(where) | (width << kWidthShift), old};
    fence();
    undo.count++;
    fence();
}

void* Transaction::allocate(size_t bytes)
{
    return memory_.allocate(*this, bytes);
}

void Transaction::release(void* block)
{
    set(*static_cast<void**>(block), header_.graveyard);
    set(header_.graveyard, block);
}

void Transaction::commit()
{
    fence();
    header_.undo->count = 0;
    fence();
    bury();
}

void Transaction::rollback()
{
    UndoLog& undo = *header_.undo;
    while (undo.count > 0) {
        const UndoEntry entry = undo.entries[undo.count - 1];
        void* where = reinterpret_cast<void*>(entry.where & kAddressMask);
        std::memcpy(where, &entry.old, entry.where >> kWidthShift);
        fence();
        undo.count--;
        fence();
    }
}

void Transaction::bury()
{
    while (header_.graveyard != nullptr) {
        void* block = header_.graveyard;
        set(header_.graveyard, next_grave(block));
        memory_.release(*this, block);
        fence();
        header_.undo->count = 0;
        fence();
    }
}

} // namespace ws_pubsub
