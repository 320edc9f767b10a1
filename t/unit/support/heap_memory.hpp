// A zone's memory out of malloc: what is not given back shows, so does a use
// after the lock was, and any allocation can be made to fail.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "shm/memory.hpp"
#include "shm/transaction.hpp"

namespace ws_pubsub {

class HeapMemory final : public Memory {
public:
    HeapMemory() = default;
    HeapMemory(const HeapMemory&) = delete;
    HeapMemory& operator=(const HeapMemory&) = delete;
    ~HeapMemory() override
    {
        for (const auto& [block, owned] : blocks_) {
            std::free(block);
        }
        std::free(tables_);
    }

    // No more than so many bytes at a time.
    void set_budget(size_t bytes) { budget_ = bytes; }
    // The n-th allocation from now on fails, and all after it; 0: none does.
    void fail_from(size_t n)
    {
        fail_from_ = n;
        fail_again_ = true;
    }
    // Only the n-th does.
    void fail_at(size_t n)
    {
        fail_from_ = n;
        fail_again_ = false;
    }
    // How many did.
    [[nodiscard]] size_t failures() const { return failures_; }
    // All of these without the lock.
    [[nodiscard]] size_t live_blocks() const { return blocks_.size(); }
    [[nodiscard]] size_t used_bytes() const { return used_; }
    [[nodiscard]] size_t repairs() const { return repairs_; }
    [[nodiscard]] size_t refusals() const { return refusals_; }
    // How many blocks were taken since the last call, also those of changes
    // that were undone.
    size_t take_allocations() { return std::exchange(allocations_, 0); }
    // The most blocks that were given back in one hold of the lock, since the
    // last call.
    size_t take_longest_hold() { return std::exchange(longest_hold_, 0); }
    [[nodiscard]] bool owns(const void* block) const
    {
        return blocks_.contains(const_cast<void*>(block));
    }
    [[nodiscard]] size_t size_of(const void* block) const
    {
        return blocks_.at(const_cast<void*>(block)).bytes;
    }

    void* create(size_t table_bytes) override
    {
        require(tables_ == nullptr);
        if (!fails()) {
            tables_ = std::calloc(1, table_bytes);
        }
        return tables_;
    }
    void* allocate(Transaction& tx, size_t bytes) override
    {
        require(locked_);
        if (fails() || bytes > budget_ - used_) {
            return nullptr;
        }
        void* block = std::malloc(bytes);
        require(block != nullptr);
        allocations_++;
        touched_.push_back(block);
        tx.set(blocks_[block].live, true);
        blocks_[block].bytes = bytes;
        tx.set(used_, used_ + bytes);
        return block;
    }
    void release(Transaction& tx, void* block) override
    {
        require(locked_);
        const auto found = blocks_.find(block);
        require(found != blocks_.end() && found->second.live);
        touched_.push_back(block);
        released_++;
        tx.set(found->second.live, false);
        tx.set(used_, used_ - found->second.bytes);
    }
    void lock() override
    {
        require(!locked_);
        locked_ = true;
    }
    void unlock() override
    {
        require(locked_);
        locked_ = false;
        for (void* block : touched_) {
            const auto found = blocks_.find(block);
            if (found != blocks_.end() && !found->second.live) {
                blocks_.erase(found);
                std::free(block);
            }
        }
        touched_.clear();
        longest_hold_ = std::max(longest_hold_, released_);
        released_ = 0;
    }
    [[nodiscard]] size_t free_bytes() const override { return budget_ - used_; }
    void repaired() override
    {
        require(!locked_);
        repairs_++;
    }
    void refused(std::string_view /*why*/) override
    {
        require(!locked_);
        refusals_++;
    }

private:
    struct Owned {
        size_t bytes = 0;
        bool live = false; // undone with the transaction that set it
    };

    bool fails()
    {
        if (fail_from_ == 0 || --fail_from_ > 0) {
            return false;
        }
        fail_from_ = fail_again_ ? 1 : 0;
        failures_++;
        return true;
    }
    static void require(bool holds)
    {
        if (!holds) {
            std::abort();
        }
    }

    void* tables_ = nullptr;
    std::map<void*, Owned> blocks_;
    std::vector<void*> touched_; // since the lock was taken
    size_t used_ = 0;
    size_t budget_ = SIZE_MAX;
    size_t fail_from_ = 0;
    bool fail_again_ = true;
    size_t failures_ = 0;
    size_t repairs_ = 0;
    size_t refusals_ = 0;
    size_t allocations_ = 0;
    size_t released_ = 0; // since the lock was taken
    size_t longest_hold_ = 0;
    bool locked_ = false;
};

} // namespace ws_pubsub
