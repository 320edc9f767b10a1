// A zone's memory out of malloc: what is not given back shows, and any
// allocation can be made to fail.
#pragma once

#include <cstdlib>
#include <map>

#include "shm/memory.hpp"

namespace ws_pubsub {

class HeapMemory final : public Memory {
public:
    HeapMemory() = default;
    HeapMemory(const HeapMemory&) = delete;
    HeapMemory& operator=(const HeapMemory&) = delete;
    ~HeapMemory() override
    {
        for (const auto& [block, bytes] : blocks_) {
            std::free(block);
        }
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
    [[nodiscard]] size_t live_blocks() const { return blocks_.size(); }
    [[nodiscard]] size_t used_bytes() const { return used_; }
    [[nodiscard]] size_t repairs() const { return repairs_; }
    [[nodiscard]] size_t refusals() const { return refusals_; }
    [[nodiscard]] bool owns(const void* block) const
    {
        return blocks_.contains(const_cast<void*>(block));
    }
    [[nodiscard]] size_t size_of(const void* block) const
    {
        return blocks_.at(const_cast<void*>(block));
    }

    void* allocate(size_t bytes) override
    {
        require(locked_);
        if (fail_from_ > 0 && --fail_from_ == 0) {
            fail_from_ = fail_again_ ? 1 : 0;
            failures_++;
            return nullptr;
        }
        if (bytes > budget_ - used_) {
            return nullptr;
        }
        void* block = std::malloc(bytes);
        require(block != nullptr);
        blocks_[block] = bytes;
        used_ += bytes;
        return block;
    }
    void release(void* block) override
    {
        require(locked_);
        const auto found = blocks_.find(block);
        require(found != blocks_.end());
        used_ -= found->second;
        blocks_.erase(found);
        std::free(block);
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
    }
    [[nodiscard]] size_t free_bytes() const override { return budget_ - used_; }
    void repaired() override
    {
        require(!locked_);
        repairs_++;
    }
    void refused() override
    {
        require(!locked_);
        refusals_++;
    }

private:
    static void require(bool holds)
    {
        if (!holds) {
            std::abort();
        }
    }

    std::map<void*, size_t> blocks_;
    size_t used_ = 0;
    size_t budget_ = SIZE_MAX;
    size_t fail_from_ = 0;
    bool fail_again_ = true;
    size_t failures_ = 0;
    size_t repairs_ = 0;
    size_t refusals_ = 0;
    bool locked_ = false;
};

} // namespace ws_pubsub
