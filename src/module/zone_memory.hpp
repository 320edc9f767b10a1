// A zone's memory and lock in nginx: a heap in all of its slab pool's pages,
// and the pool's mutex, which the master releases when a worker dies holding
// it.
//
// Not the pool itself: a death inside ngx_slab_alloc() leaves it broken for all
// who come later.
#pragma once

#include "ngx/ngx.hpp"

#include "shm/heap.hpp"
#include "shm/memory.hpp"

namespace ws_pubsub {

class ZoneMemory final : public Memory {
public:
    explicit ZoneMemory(ngx_shm_zone_t& zone)
        : pool_(reinterpret_cast<ngx_slab_pool_t*>(zone.shm.addr)),
          heap_(reinterpret_cast<Heap*>(pool_->start)), name_(zone.shm.name)
    {}

    void* create(size_t table_bytes) override
    {
        const size_t bytes = pool_->pfree * ngx_pagesize;
        void* pages = ngx_slab_alloc(pool_, bytes); // from pool_->start on
        heap_ = pages == nullptr ? nullptr
                                 : Heap::create(pages, bytes, table_bytes);
        return heap_ == nullptr ? nullptr : heap_->tables();
    }
    void* allocate(Transaction& tx, size_t bytes) override
    {
        return heap_->allocate(tx, bytes);
    }
    void release(Transaction& tx, void* block) override
    {
        heap_->release(tx, block);
    }
    void lock() override { ngx_shmtx_lock(&pool_->mutex); }
    void unlock() override { ngx_shmtx_unlock(&pool_->mutex); }
    [[nodiscard]] size_t free_bytes() const override
    {
        return heap_->free_bytes();
    }
    void repaired() override
    {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "ws_pubsub: zone \"%V\": undid a change that a dead "
                      "process left half done",
                      &name_);
    }
    void refused() override
    {
        const time_t now = ngx_time();
        if (now != refused_told_at_) {
            refused_told_at_ = now;
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "ws_pubsub: zone \"%V\" is full: refused a message",
                          &name_);
        }
    }

private:
    ngx_slab_pool_t* pool_;
    Heap* heap_; // at the same address in every process
    ngx_str_t name_;
    time_t refused_told_at_ = 0; // once a second in each worker is enough
};

} // namespace ws_pubsub
