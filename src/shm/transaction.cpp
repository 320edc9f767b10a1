#include "shm/transaction.hpp"

namespace ws_pubsub {

namespace {

void* next_released(void* block)
{
    void* next = nullptr;
    std::memcpy(static_cast<void*>(&next), block, sizeof(next));
    return next;
}

} // namespace

Transaction::Transaction(Memory& memory, ZoneBase& zone, Wakes* wakes)
    : memory_(memory), zone_(zone), wakes_(wakes), undo_(*zone.undo)
{
    memory_.lock();
    if (undo_.count != 0 || zone_.released != nullptr) {
        repaired_ = true;
        undo();
        give_back_released();
        zone_.repairs++;
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
    if (wakes_ != nullptr) {
        wakes_->send();
    }
}

void* Transaction::allocate(size_t bytes)
{
    return memory_.allocate(*this, bytes);
}

void Transaction::release(void* block)
{
    set(*static_cast<void**>(block), zone_.released);
    set(zone_.released, block);
}

void Transaction::commit()
{
    fence();
    undo_.count = 0;
    fence();
    change_++;
    give_back_released();
}

void Transaction::rollback()
{
    undo();
    if (wakes_ != nullptr) {
        wakes_->forget(change_);
    }
}

void Transaction::undo(uint32_t down_to)
{
    while (undo_.count > down_to) {
        const UndoEntry entry = undo_.entries[undo_.count - 1];
        void* where = reinterpret_cast<void*>(entry.where & kAddressMask);
        std::memcpy(where, &entry.old, entry.where >> kWidthShift);
        fence();
        undo_.count--;
        fence();
    }
}

void Transaction::give_back_released()
{
    while (zone_.released != nullptr) {
        void* block = zone_.released;
        set(zone_.released, next_released(block));
        memory_.release(*this, block);
        fence();
        undo_.count = 0;
        fence();
    }
}

} // namespace ws_pubsub
