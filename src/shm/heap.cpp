#include "shm/heap.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "shm/transaction.hpp"

namespace ws_pubsub {

namespace {

// By how many bits a size of so many units is cut to give its class.
unsigned shift_of(uint64_t units, unsigned step_bits)
{
    const auto width = static_cast<unsigned>(std::bit_width(units));
    return width <= step_bits + 1 ? 0 : width - step_bits - 1;
}

} // namespace

// To the least size of a class, so that each block of the class is enough.
uint64_t Heap::round_up(uint64_t units)
{
    const uint64_t rest = (uint64_t{1} << shift_of(units, kStepBits)) - 1;
    return (units + rest) & ~rest;
}

size_t Heap::class_of(uint64_t units)
{
    const unsigned shift = shift_of(units, kStepBits);
    return (size_t{shift} << kStepBits) + (units >> shift);
}

Heap* Heap::create(void* start, size_t bytes, size_t table_bytes)
{
    const size_t tables = (table_bytes + kUnit - 1) / kUnit * kUnit;
    const size_t fixed = sizeof(Heap) + tables + 2 * kHeadBytes;
    if (bytes < fixed + kLeastBytes || bytes / kUnit > kMaxUnits) {
        return nullptr;
    }
    std::memset(start, 0, sizeof(Heap) + tables);
    auto* heap = static_cast<Heap*>(start);
    auto* block = reinterpret_cast<Block*>(static_cast<char*>(start) +
                                           sizeof(Heap) + tables);
    block->head = ((bytes - fixed) / kUnit * kUnit) | kFree;
    block->next = nullptr;
    block->prev = nullptr;
    block->footer() = block;
    heap->first_ = block;
    heap->end_ = block->behind();
    heap->end_->head = kPrevFree;
    heap->free_bytes_ = block->bytes() + kHeadBytes;
    const size_t size_class = class_of(block->bytes() / kUnit);
    heap->lists_[size_class] = block;
    heap->listed_[size_class / kWordBits] = uint64_t{1}
                                            << size_class % kWordBits;
    return heap;
}

// A block of that class or of the next that has any.
Heap::Block* Heap::find(size_t size_class) const
{
    size_t word = size_class / kWordBits;
    uint64_t bits = listed_[word] & (~uint64_t{0} << size_class % kWordBits);
    while (bits == 0) {
        if (++word == kWords) {
            return nullptr;
        }
        bits = listed_[word];
    }
    return lists_[word * kWordBits +
                  static_cast<size_t>(std::countr_zero(bits))];
}

void Heap::link(Transaction& tx, Block& block)
{
    const size_t size_class = class_of(block.bytes() / kUnit);
    Block*& first = lists_[size_class];
    if (first != nullptr) {
        tx.set(first->prev, &block);
    } else {
        uint64_t& listed = listed_[size_class / kWordBits];
        tx.set(listed, listed | uint64_t{1} << size_class % kWordBits);
    }
    tx.set(block.next, first);
    tx.set(block.prev, nullptr);
    tx.set(first, &block);
}

void Heap::unlink(Transaction& tx, const Block& block)
{
    if (block.next != nullptr) {
        tx.set(block.next->prev, block.prev);
    }
    if (block.prev != nullptr) {
        tx.set(block.prev->next, block.next);
        return;
    }
    const size_t size_class = class_of(block.bytes() / kUnit);
    tx.set(lists_[size_class], block.next);
    if (block.next == nullptr) {
        uint64_t& listed = listed_[size_class / kWordBits];
        tx.set(listed, listed & ~(uint64_t{1} << size_class % kWordBits));
    }
}

// Of so many bytes of payload; the block before it is not free.
void Heap::make_free(Transaction& tx, Block& block, size_t bytes)
{
    tx.set(block.head, bytes | kFree);
    tx.set(block.footer(), &block);
    link(tx, block);
}

void* Heap::allocate(Transaction& tx, size_t bytes)
{
    const size_t least = std::max(bytes, kLeastBytes);
    if (least / kUnit >= kMaxUnits) {
        return nullptr;
    }
    const uint64_t units = round_up((least + kUnit - 1) / kUnit);
    Block* block = find(class_of(units));
    if (block == nullptr) {
        return nullptr;
    }
    unlink(tx, *block);
    size_t size = units * kUnit;
    const size_t rest = block->bytes() - size;
    // Whoever gets the block writes over its links without a note.
    tx.set(block->next, nullptr);
    tx.set(block->prev, nullptr);
    if (rest >= kHeadBytes + kLeastBytes) {
        tx.set(block->head, size);
        make_free(tx, *block->behind(), rest - kHeadBytes);
    } else {
        size += rest;
        tx.set(block->footer(), nullptr); // likewise
        tx.set(block->head, size);
        tx.set(block->behind()->head, block->behind()->head & ~kPrevFree);
    }
    tx.set(free_bytes_, free_bytes_ - size - kHeadBytes);
    return block->payload();
}

void Heap::release(Transaction& tx, void* payload)
{
    auto* block =
        reinterpret_cast<Block*>(static_cast<char*>(payload) - kHeadBytes);
    size_t size = block->bytes();
    tx.set(free_bytes_, free_bytes_ + size + kHeadBytes);
    Block* behind = block->behind();
    if (behind->is_free()) {
        unlink(tx, *behind);
        size += kHeadBytes + behind->bytes();
    } else {
        tx.set(behind->head, behind->head | kPrevFree);
    }
    if (block->is_prev_free()) {
        block = block->before();
        unlink(tx, *block);
        size += kHeadBytes + block->bytes();
    }
    make_free(tx, *block, size);
}

} // namespace ws_pubsub
