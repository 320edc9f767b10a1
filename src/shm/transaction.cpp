#include "shm/transaction.hpp"

namespace ws_pubsub {

namespace {

void* next_grave(void* block)
{
    void* next = nullptr;
    std::memcpy(static_cast<void*>(&next), block, sizeof(next));
    return next;
}

} // namespace

Transaction::Transaction(Memory& memory, ZoneHeader& header)
    : memory_(memory), header_(header), undo_(*header.undo)
{
    memory_.lock();
    if (undo_.count != 0 || header_.graveyard != nullptr) {
        repaired_ = true;
        rollback();
        bury();
        header_.totals.repairs++;
    }
}

Transaction::~Transaction()
{
    if (std::uncaught_exceptions() > exceptions_) {
        rollback();
    }
    commit();
    memory_.unlock();
    if (repaired_) {
        memory_.repaired();
    }
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
    undo_.count = 0;
    fence();
    bury();
}

void Transaction::rollback()
{
    while (undo_.count > 0) {
        const UndoEntry entry = undo_.entries[undo_.count - 1];
        void* where = reinterpret_cast<void*>(entry.where & kAddressMask);
        std::memcpy(where, &entry.old, entry.where >> kWidthShift);
        fence();
        undo_.count--;
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
        undo_.count = 0;
        fence();
    }
}

} // namespace ws_pubsub
